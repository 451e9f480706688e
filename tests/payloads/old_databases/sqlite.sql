BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE calls (
	id INTEGER NOT NULL, 
	turn_id INTEGER NOT NULL, 
	workspace VARCHAR(200) NOT NULL, 
	person_id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	sent BOOLEAN NOT NULL, 
	CONSTRAINT pk_calls PRIMARY KEY (id), 
	CONSTRAINT fk_calls_turn_id FOREIGN KEY(turn_id) REFERENCES turns (id) ON DELETE CASCADE
);
CREATE TABLE conversations (
	id INTEGER NOT NULL, 
	platform VARCHAR(64) NOT NULL, 
	workspace VARCHAR(128) NOT NULL, 
	channel VARCHAR(128) NOT NULL, 
	thread VARCHAR(128) NOT NULL, 
	private BOOLEAN NOT NULL, 
	owner_id INTEGER NOT NULL, 
	opened_at DATETIME NOT NULL, 
	active_at DATETIME NOT NULL, 
	closed_at DATETIME, 
	CONSTRAINT pk_conversations PRIMARY KEY (id)
);
INSERT INTO "conversations" VALUES(1,'fake','W1','D-ana','',1,1,'2026-09-01 12:00:00.000000','2026-09-01 12:00:00.000000',NULL);
INSERT INTO "conversations" VALUES(2,'fake','W1','D-ben','',1,2,'2026-09-01 12:00:00.000000','2026-09-01 12:00:00.000000',NULL);
INSERT INTO "conversations" VALUES(3,'fake','W1','D-cleo','',1,3,'2026-09-01 12:00:00.000000','2026-09-01 12:00:00.000000',NULL);
INSERT INTO "conversations" VALUES(4,'fake','W1','D-dora','',1,4,'2026-09-01 12:00:00.000000','2026-09-01 12:00:00.000000',NULL);
INSERT INTO "conversations" VALUES(5,'fake','W1','D-emil','',1,5,'2026-09-01 12:00:00.000000','2026-09-01 12:00:00.000000',NULL);
CREATE TABLE deliveries (
	id INTEGER NOT NULL, 
	turn_id INTEGER NOT NULL, 
	part INTEGER NOT NULL, 
	revision INTEGER NOT NULL, 
	message_id VARCHAR(128) NOT NULL, 
	shown INTEGER NOT NULL, 
	closed BOOLEAN NOT NULL, 
	generation INTEGER NOT NULL, 
	gone BOOLEAN NOT NULL, 
	CONSTRAINT pk_deliveries PRIMARY KEY (id), 
	CONSTRAINT fk_deliveries_turn_id FOREIGN KEY(turn_id) REFERENCES turns (id) ON DELETE CASCADE, 
	CONSTRAINT uq_deliveries_turn_id_part UNIQUE (turn_id, part)
);
INSERT INTO "deliveries" VALUES(1,1,0,0,'100',335,1,0,0);
INSERT INTO "deliveries" VALUES(2,2,0,0,'',0,0,0,0);
INSERT INTO "deliveries" VALUES(3,5,0,0,'100',0,1,0,0);
INSERT INTO "deliveries" VALUES(4,6,0,0,'100',0,1,0,0);
CREATE TABLE events (
	"key" VARCHAR(255) NOT NULL, 
	received_at DATETIME NOT NULL, 
	CONSTRAINT pk_events PRIMARY KEY ("key")
);
INSERT INTO "events" VALUES('answered','2026-09-01 12:00:00.000000');
INSERT INTO "events" VALUES('undelivered','2026-09-01 12:00:00.000000');
INSERT INTO "events" VALUES('under way','2026-09-01 12:00:00.000000');
INSERT INTO "events" VALUES('behind it','2026-09-01 12:00:00.000000');
INSERT INTO "events" VALUES('held dora','2026-09-01 12:00:00.000000');
INSERT INTO "events" VALUES('held emil','2026-09-01 12:00:00.000000');
CREATE TABLE feedback (
	id INTEGER NOT NULL, 
	turn_id INTEGER NOT NULL, 
	identity_id INTEGER NOT NULL, 
	good BOOLEAN NOT NULL, 
	comment TEXT NOT NULL, 
	at DATETIME NOT NULL, 
	CONSTRAINT pk_feedback PRIMARY KEY (id), 
	CONSTRAINT fk_feedback_identity_id FOREIGN KEY(identity_id) REFERENCES identities (id) ON DELETE CASCADE, 
	CONSTRAINT fk_feedback_turn_id FOREIGN KEY(turn_id) REFERENCES turns (id) ON DELETE CASCADE, 
	CONSTRAINT uq_feedback_turn_id_identity_id UNIQUE (turn_id, identity_id)
);
CREATE TABLE gates (
	name VARCHAR(300) NOT NULL, 
	cause VARCHAR(16) NOT NULL, 
	model VARCHAR(256) NOT NULL, 
	since DATETIME NOT NULL, 
	retry_at DATETIME NOT NULL, 
	trials INTEGER NOT NULL, 
	trial_turn INTEGER, 
	trial_until DATETIME, 
	lowest_usd FLOAT, 
	CONSTRAINT pk_gates PRIMARY KEY (name)
);
INSERT INTO "gates" VALUES('balance','balance','','2026-09-01 12:00:00.000000','2026-09-01 12:00:10.916980',0,NULL,NULL,0.0);
CREATE TABLE identities (
	id INTEGER NOT NULL, 
	person_id INTEGER NOT NULL, 
	platform VARCHAR(64) NOT NULL, 
	workspace VARCHAR(128) NOT NULL, 
	user VARCHAR(128) NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	locale VARCHAR(35) NOT NULL, 
	chosen_locale VARCHAR(35) NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_identities PRIMARY KEY (id), 
	CONSTRAINT fk_identities_person_id FOREIGN KEY(person_id) REFERENCES persons (id) ON DELETE CASCADE, 
	CONSTRAINT uq_identities_platform_workspace_user UNIQUE (platform, workspace, user)
);
INSERT INTO "identities" VALUES(1,1,'fake','W1','ana','Ana','','','2026-09-01 12:00:00.000000');
INSERT INTO "identities" VALUES(2,2,'fake','W1','ben','Ben','','','2026-09-01 12:00:00.000000');
INSERT INTO "identities" VALUES(3,3,'fake','W1','cleo','Cleo','','','2026-09-01 12:00:00.000000');
INSERT INTO "identities" VALUES(4,4,'fake','W1','dora','Dora','','','2026-09-01 12:00:00.000000');
INSERT INTO "identities" VALUES(5,5,'fake','W1','emil','Emil','','','2026-09-01 12:00:00.000000');
CREATE TABLE messages (
	id INTEGER NOT NULL, 
	conversation_id INTEGER NOT NULL, 
	turn_id INTEGER NOT NULL, 
	identity_id INTEGER, 
	role VARCHAR(16) NOT NULL, 
	text TEXT NOT NULL, 
	whole BOOLEAN NOT NULL, 
	attachments JSON NOT NULL, 
	origin VARCHAR(128) NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_messages PRIMARY KEY (id), 
	CONSTRAINT ck_messages_role CHECK (role IN ('user', 'assistant')), 
	CONSTRAINT fk_messages_conversation_id FOREIGN KEY(conversation_id) REFERENCES conversations (id) ON DELETE CASCADE, 
	CONSTRAINT fk_messages_identity_id FOREIGN KEY(identity_id) REFERENCES identities (id) ON DELETE CASCADE, 
	CONSTRAINT fk_messages_turn_id FOREIGN KEY(turn_id) REFERENCES turns (id) ON DELETE CASCADE
);
INSERT INTO "messages" VALUES(1,1,1,1,'user','What is a goroutine?',1,'[]','answered','2026-09-01 12:00:00.000000');
INSERT INTO "messages" VALUES(2,1,1,NULL,'assistant','Hello! This is the **AIVAX sandbox**: a stand-in on your own machine, where no model runs.

You said:

> What is a goroutine?

I can only repeat it, but some words wake me up:

- `list`, `code`, `table` or `long 5000` show what an answer can look like
- `think` and `tools` show what happens on the way to one
- `words` tells the rest
',1,'[]','','2026-09-01 12:00:00.000000');
INSERT INTO "messages" VALUES(3,2,2,2,'user','What is a channel?',1,'[]','undelivered','2026-09-01 12:00:00.000000');
INSERT INTO "messages" VALUES(4,2,2,NULL,'assistant','Hello! This is the **AIVAX sandbox**: a stand-in on your own machine, where no model runs.

You said:

> What is a channel?

I can only repeat it, but some words wake me up:

- `list`, `code`, `table` or `long 5000` show what an answer can look like
- `think` and `tools` show what happens on the way to one
- `words` tells the rest
',1,'[]','','2026-09-01 12:00:00.000000');
INSERT INTO "messages" VALUES(5,3,3,3,'user','What is a mutex?',1,'[]','under way','2026-09-01 12:00:00.000000');
INSERT INTO "messages" VALUES(6,3,4,3,'user','And a semaphore?',1,'[]','behind it','2026-09-01 12:00:00.000000');
INSERT INTO "messages" VALUES(7,4,5,4,'user','What is a deadlock?',1,'[]','held dora','2026-09-01 12:00:00.000000');
INSERT INTO "messages" VALUES(8,5,6,5,'user','What is a deadlock?',1,'[]','held emil','2026-09-01 12:00:00.000000');
CREATE TABLE notices (
	"key" VARCHAR(300) NOT NULL, 
	told_at DATETIME NOT NULL, 
	CONSTRAINT pk_notices PRIMARY KEY ("key")
);
CREATE TABLE persons (
	id INTEGER NOT NULL, 
	"key" VARCHAR(32) NOT NULL, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_persons PRIMARY KEY (id), 
	CONSTRAINT uq_persons_key UNIQUE ("key")
);
INSERT INTO "persons" VALUES(1,'b5590731a5e647f99c8119b7307c6cdf','2026-09-01 12:00:00.000000');
INSERT INTO "persons" VALUES(2,'e1b0f340f1db4b31b0a398a46804ea4c','2026-09-01 12:00:00.000000');
INSERT INTO "persons" VALUES(3,'8c4c8c84d4144eb6a4ee98c59224c455','2026-09-01 12:00:00.000000');
INSERT INTO "persons" VALUES(4,'926252abdfaa496594704312f32382c2','2026-09-01 12:00:00.000000');
INSERT INTO "persons" VALUES(5,'09ac6f258a7549138483ff31125f1d6f','2026-09-01 12:00:00.000000');
CREATE TABLE place_models (
	platform VARCHAR(64) NOT NULL, 
	workspace VARCHAR(128) NOT NULL, 
	channel VARCHAR(128) NOT NULL, 
	model VARCHAR(256) NOT NULL, 
	chosen_at DATETIME NOT NULL, 
	CONSTRAINT pk_place_models PRIMARY KEY (platform, workspace, channel)
);
CREATE TABLE slack_install_states (
	digest VARCHAR(64) NOT NULL, 
	expires_at DATETIME NOT NULL, 
	CONSTRAINT pk_slack_install_states PRIMARY KEY (digest)
);
CREATE TABLE slack_installations (
	team VARCHAR(64) NOT NULL, 
	team_name TEXT NOT NULL, 
	app VARCHAR(64) NOT NULL, 
	bot_user VARCHAR(64) NOT NULL, 
	bot_id VARCHAR(64) NOT NULL, 
	bot_name TEXT NOT NULL, 
	scopes TEXT NOT NULL, 
	installer VARCHAR(64) NOT NULL, 
	token TEXT NOT NULL, 
	refresh_token TEXT NOT NULL, 
	expires_at DATETIME, 
	version INTEGER NOT NULL, 
	refreshing_until DATETIME, 
	installed_at DATETIME NOT NULL, 
	CONSTRAINT pk_slack_installations PRIMARY KEY (team)
);
CREATE TABLE tool_activity (
	id INTEGER NOT NULL, 
	turn_id INTEGER NOT NULL, 
	tool_id VARCHAR(128) NOT NULL, 
	name VARCHAR(128) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	contents TEXT NOT NULL, 
	explanation TEXT NOT NULL, 
	updated_at DATETIME NOT NULL, 
	CONSTRAINT pk_tool_activity PRIMARY KEY (id), 
	CONSTRAINT fk_tool_activity_turn_id FOREIGN KEY(turn_id) REFERENCES turns (id) ON DELETE CASCADE, 
	CONSTRAINT uq_tool_activity_turn_id_tool_id UNIQUE (turn_id, tool_id)
);
CREATE TABLE turns (
	id INTEGER NOT NULL, 
	conversation_id INTEGER NOT NULL, 
	identity_id INTEGER NOT NULL, 
	"key" VARCHAR(32) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	address TEXT NOT NULL, 
	answer TEXT, 
	notice BOOLEAN NOT NULL, 
	attempt INTEGER NOT NULL, 
	tries INTEGER NOT NULL, 
	generation INTEGER NOT NULL, 
	failure VARCHAR(64), 
	reference VARCHAR(16), 
	owner VARCHAR(64), 
	lease_until DATETIME, 
	parked_for VARCHAR(300), 
	parked_at DATETIME, 
	wish VARCHAR(16), 
	replaced_by INTEGER, 
	awaited BOOLEAN NOT NULL, 
	offers VARCHAR(64) NOT NULL, 
	place_told INTEGER, 
	announced INTEGER NOT NULL, 
	unpaid INTEGER NOT NULL, 
	due_at DATETIME NOT NULL, 
	created_at DATETIME NOT NULL, 
	started_at DATETIME, 
	ended_at DATETIME, 
	emptied_at DATETIME, 
	CONSTRAINT pk_turns PRIMARY KEY (id), 
	CONSTRAINT ck_turns_state CHECK (state IN ('queued', 'running', 'parked', 'answered', 'failed', 'cancelled', 'superseded')), 
	CONSTRAINT fk_turns_conversation_id FOREIGN KEY(conversation_id) REFERENCES conversations (id) ON DELETE CASCADE, 
	CONSTRAINT fk_turns_identity_id FOREIGN KEY(identity_id) REFERENCES identities (id) ON DELETE CASCADE, 
	CONSTRAINT uq_turns_key UNIQUE ("key")
);
INSERT INTO "turns" VALUES(1,1,1,'026a3bd74f1d42e7b2aac1397bf982eb','answered','D-ana/answered','Hello! This is the **AIVAX sandbox**: a stand-in on your own machine, where no model runs.

You said:

> What is a goroutine?

I can only repeat it, but some words wake me up:

- `list`, `code`, `table` or `long 5000` show what an answer can look like
- `think` and `tools` show what happens on the way to one
- `words` tells the rest
',0,1,1,0,NULL,NULL,'old-12846-1a5701f8','2026-09-01 12:00:30.000000',NULL,NULL,NULL,NULL,0,'',NULL,0,0,'2026-09-01 12:00:00.000000','2026-09-01 12:00:00.000000','2026-09-01 12:00:00.000000','2026-09-01 12:00:00.000000',NULL);
INSERT INTO "turns" VALUES(2,2,2,'79845f83fa7543c282918d819d96653d','queued','D-ben/undelivered','Hello! This is the **AIVAX sandbox**: a stand-in on your own machine, where no model runs.

You said:

> What is a channel?

I can only repeat it, but some words wake me up:

- `list`, `code`, `table` or `long 5000` show what an answer can look like
- `think` and `tools` show what happens on the way to one
- `words` tells the rest
',0,1,0,0,NULL,NULL,'old-12846-1a5701f8','2026-09-01 12:00:30.000000',NULL,NULL,NULL,NULL,0,'',NULL,0,0,'2026-09-01 12:01:00.000000','2026-09-01 12:00:00.000000','2026-09-01 12:00:00.000000',NULL,NULL);
INSERT INTO "turns" VALUES(3,3,3,'fa1651eff3bd4ee78b88e3354758f1ea','running','D-cleo/under way',NULL,0,1,1,0,NULL,NULL,'old-12846-1a5701f8','2026-09-01 12:00:30.000000',NULL,NULL,NULL,NULL,0,'',NULL,0,0,'2026-09-01 12:00:00.000000','2026-09-01 12:00:00.000000','2026-09-01 12:00:00.000000',NULL,NULL);
INSERT INTO "turns" VALUES(4,3,3,'7e2c39aebe7d45cea12914847383e740','queued','D-cleo/behind it',NULL,0,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,0,'',NULL,0,0,'2026-09-01 12:00:00.000000','2026-09-01 12:00:00.000000',NULL,NULL,NULL);
INSERT INTO "turns" VALUES(5,4,4,'b9c166c13a014b04bde2a51dd85b814e','parked','D-dora/held dora',NULL,0,1,0,0,NULL,NULL,'old-12846-1a5701f8','2026-09-01 12:00:30.000000','balance','2026-09-01 12:00:00.000000',NULL,NULL,0,'',NULL,0,1,'2026-09-01 12:00:00.000000','2026-09-01 12:00:00.000000','2026-09-01 12:00:00.000000',NULL,NULL);
INSERT INTO "turns" VALUES(6,5,5,'b03482eac96d40bda35fa7388dd23302','parked','D-emil/held emil',NULL,0,1,0,0,NULL,NULL,'old-12846-1a5701f8','2026-09-01 12:00:30.000000','balance','2026-09-01 12:00:00.000000',NULL,NULL,0,'',NULL,0,1,'2026-09-01 12:00:00.000000','2026-09-01 12:00:00.000000','2026-09-01 12:00:00.000000',NULL,NULL);
CREATE TABLE usage (
	turn_id INTEGER NOT NULL, 
	model VARCHAR(256) NOT NULL, 
	prompt_tokens INTEGER NOT NULL, 
	completion_tokens INTEGER NOT NULL, 
	cached_tokens INTEGER NOT NULL, 
	credits FLOAT, 
	created_at DATETIME NOT NULL, 
	CONSTRAINT pk_usage PRIMARY KEY (turn_id), 
	CONSTRAINT fk_usage_turn_id FOREIGN KEY(turn_id) REFERENCES turns (id) ON DELETE CASCADE
);
INSERT INTO "usage" VALUES(1,'sandbox:50c3',5,69,0,NULL,'2026-09-01 12:00:00.000000');
INSERT INTO "usage" VALUES(2,'sandbox:50c3',5,68,0,NULL,'2026-09-01 12:00:00.000000');
CREATE UNIQUE INDEX uq_conversations_open ON conversations (platform, workspace, channel, thread, owner_id) WHERE closed_at IS NULL;
CREATE INDEX ix_events_received_at ON events (received_at);
CREATE INDEX ix_identities_person_id ON identities (person_id);
CREATE INDEX ix_turns_conversation_id_id ON turns (conversation_id, id);
CREATE INDEX ix_turns_ended_at ON turns (ended_at) WHERE emptied_at IS NULL;
CREATE INDEX ix_turns_identity_id_created_at ON turns (identity_id, created_at);
CREATE INDEX ix_turns_parked ON turns (parked_for, id) WHERE state = 'parked';
CREATE INDEX ix_turns_waiting ON turns (state, due_at) WHERE state IN ('queued', 'running');
CREATE UNIQUE INDEX uq_turns_running ON turns (conversation_id) WHERE state = 'running';
CREATE INDEX ix_calls_at ON calls (at);
CREATE INDEX ix_calls_promised ON calls (turn_id) WHERE NOT sent;
CREATE INDEX ix_messages_origin ON messages (origin) WHERE origin <> '';
CREATE INDEX ix_messages_turn_id ON messages (turn_id);
CREATE INDEX ix_messages_window ON messages (conversation_id, turn_id, id);
CREATE INDEX ix_usage_created_at ON usage (created_at);
COMMIT;
