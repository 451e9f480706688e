


SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;


CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);



CREATE TABLE public.calls (
    id bigint NOT NULL,
    turn_id bigint NOT NULL,
    workspace character varying(200) NOT NULL,
    person_id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    sent boolean NOT NULL
);



CREATE SEQUENCE public.calls_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.calls_id_seq OWNED BY public.calls.id;



CREATE TABLE public.conversations (
    id bigint NOT NULL,
    platform character varying(64) NOT NULL,
    workspace character varying(128) NOT NULL,
    channel character varying(128) NOT NULL,
    thread character varying(128) NOT NULL,
    private boolean NOT NULL,
    owner_id bigint NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    active_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone
);



CREATE SEQUENCE public.conversations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.conversations_id_seq OWNED BY public.conversations.id;



CREATE TABLE public.deliveries (
    id bigint NOT NULL,
    turn_id bigint NOT NULL,
    part integer NOT NULL,
    revision integer NOT NULL,
    message_id character varying(128) NOT NULL,
    shown integer NOT NULL,
    closed boolean NOT NULL,
    generation integer NOT NULL,
    gone boolean NOT NULL
);



CREATE SEQUENCE public.deliveries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.deliveries_id_seq OWNED BY public.deliveries.id;



CREATE TABLE public.events (
    key character varying(255) NOT NULL,
    received_at timestamp with time zone NOT NULL
);



CREATE TABLE public.feedback (
    id bigint NOT NULL,
    turn_id bigint NOT NULL,
    identity_id bigint NOT NULL,
    good boolean NOT NULL,
    comment text NOT NULL,
    at timestamp with time zone NOT NULL
);



CREATE SEQUENCE public.feedback_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.feedback_id_seq OWNED BY public.feedback.id;



CREATE TABLE public.gates (
    name character varying(300) NOT NULL,
    cause character varying(16) NOT NULL,
    model character varying(256) NOT NULL,
    since timestamp with time zone NOT NULL,
    retry_at timestamp with time zone NOT NULL,
    trials integer NOT NULL,
    trial_turn bigint,
    trial_until timestamp with time zone,
    lowest_usd double precision
);



CREATE TABLE public.identities (
    id bigint NOT NULL,
    person_id bigint NOT NULL,
    platform character varying(64) NOT NULL,
    workspace character varying(128) NOT NULL,
    "user" character varying(128) NOT NULL,
    name character varying(256) NOT NULL,
    locale character varying(35) NOT NULL,
    chosen_locale character varying(35) NOT NULL,
    created_at timestamp with time zone NOT NULL
);



CREATE SEQUENCE public.identities_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.identities_id_seq OWNED BY public.identities.id;



CREATE TABLE public.messages (
    id bigint NOT NULL,
    conversation_id bigint NOT NULL,
    turn_id bigint NOT NULL,
    identity_id bigint,
    role character varying(16) NOT NULL,
    text text NOT NULL,
    whole boolean NOT NULL,
    attachments json NOT NULL,
    origin character varying(128) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_messages_role CHECK (((role)::text = ANY ((ARRAY['user'::character varying, 'assistant'::character varying])::text[])))
);



CREATE SEQUENCE public.messages_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.messages_id_seq OWNED BY public.messages.id;



CREATE TABLE public.notices (
    key character varying(300) NOT NULL,
    told_at timestamp with time zone NOT NULL
);



CREATE TABLE public.persons (
    id bigint NOT NULL,
    key character varying(32) NOT NULL,
    created_at timestamp with time zone NOT NULL
);



CREATE SEQUENCE public.persons_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.persons_id_seq OWNED BY public.persons.id;



CREATE TABLE public.place_models (
    platform character varying(64) NOT NULL,
    workspace character varying(128) NOT NULL,
    channel character varying(128) NOT NULL,
    model character varying(256) NOT NULL,
    chosen_at timestamp with time zone NOT NULL
);



CREATE TABLE public.slack_install_states (
    digest character varying(64) NOT NULL,
    expires_at timestamp with time zone NOT NULL
);



CREATE TABLE public.slack_installations (
    team character varying(64) NOT NULL,
    team_name text NOT NULL,
    app character varying(64) NOT NULL,
    bot_user character varying(64) NOT NULL,
    bot_id character varying(64) NOT NULL,
    bot_name text NOT NULL,
    scopes text NOT NULL,
    installer character varying(64) NOT NULL,
    token text NOT NULL,
    refresh_token text NOT NULL,
    expires_at timestamp with time zone,
    version integer NOT NULL,
    refreshing_until timestamp with time zone,
    installed_at timestamp with time zone NOT NULL
);



CREATE TABLE public.tool_activity (
    id bigint NOT NULL,
    turn_id bigint NOT NULL,
    tool_id character varying(128) NOT NULL,
    name character varying(128) NOT NULL,
    state character varying(16) NOT NULL,
    contents text NOT NULL,
    explanation text NOT NULL,
    updated_at timestamp with time zone NOT NULL
);



CREATE SEQUENCE public.tool_activity_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.tool_activity_id_seq OWNED BY public.tool_activity.id;



CREATE TABLE public.turns (
    id bigint NOT NULL,
    conversation_id bigint NOT NULL,
    identity_id bigint NOT NULL,
    key character varying(32) NOT NULL,
    state character varying(16) NOT NULL,
    address text NOT NULL,
    answer text,
    notice boolean NOT NULL,
    attempt integer NOT NULL,
    tries integer NOT NULL,
    generation integer NOT NULL,
    failure character varying(64),
    reference character varying(16),
    owner character varying(64),
    lease_until timestamp with time zone,
    parked_for character varying(300),
    parked_at timestamp with time zone,
    wish character varying(16),
    replaced_by bigint,
    awaited boolean NOT NULL,
    offers character varying(64) NOT NULL,
    place_told integer,
    announced integer NOT NULL,
    unpaid integer NOT NULL,
    due_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    emptied_at timestamp with time zone,
    CONSTRAINT ck_turns_state CHECK (((state)::text = ANY ((ARRAY['queued'::character varying, 'running'::character varying, 'parked'::character varying, 'answered'::character varying, 'failed'::character varying, 'cancelled'::character varying, 'superseded'::character varying])::text[])))
);



CREATE SEQUENCE public.turns_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.turns_id_seq OWNED BY public.turns.id;



CREATE TABLE public.usage (
    turn_id bigint NOT NULL,
    model character varying(256) NOT NULL,
    prompt_tokens integer NOT NULL,
    completion_tokens integer NOT NULL,
    cached_tokens integer NOT NULL,
    credits double precision,
    created_at timestamp with time zone NOT NULL
);



ALTER TABLE ONLY public.calls ALTER COLUMN id SET DEFAULT nextval('public.calls_id_seq'::regclass);



ALTER TABLE ONLY public.conversations ALTER COLUMN id SET DEFAULT nextval('public.conversations_id_seq'::regclass);



ALTER TABLE ONLY public.deliveries ALTER COLUMN id SET DEFAULT nextval('public.deliveries_id_seq'::regclass);



ALTER TABLE ONLY public.feedback ALTER COLUMN id SET DEFAULT nextval('public.feedback_id_seq'::regclass);



ALTER TABLE ONLY public.identities ALTER COLUMN id SET DEFAULT nextval('public.identities_id_seq'::regclass);



ALTER TABLE ONLY public.messages ALTER COLUMN id SET DEFAULT nextval('public.messages_id_seq'::regclass);



ALTER TABLE ONLY public.persons ALTER COLUMN id SET DEFAULT nextval('public.persons_id_seq'::regclass);



ALTER TABLE ONLY public.tool_activity ALTER COLUMN id SET DEFAULT nextval('public.tool_activity_id_seq'::regclass);



ALTER TABLE ONLY public.turns ALTER COLUMN id SET DEFAULT nextval('public.turns_id_seq'::regclass);



INSERT INTO public.alembic_version VALUES ('0002');






INSERT INTO public.conversations VALUES (1, 'fake', 'W1', 'D-ana', '', true, 1, '2026-09-01 12:00:00+00', '2026-09-01 12:00:00+00', NULL);
INSERT INTO public.conversations VALUES (2, 'fake', 'W1', 'D-ben', '', true, 2, '2026-09-01 12:00:00+00', '2026-09-01 12:00:00+00', NULL);
INSERT INTO public.conversations VALUES (3, 'fake', 'W1', 'D-cleo', '', true, 3, '2026-09-01 12:00:00+00', '2026-09-01 12:00:00+00', NULL);
INSERT INTO public.conversations VALUES (4, 'fake', 'W1', 'D-dora', '', true, 4, '2026-09-01 12:00:00+00', '2026-09-01 12:00:00+00', NULL);
INSERT INTO public.conversations VALUES (5, 'fake', 'W1', 'D-emil', '', true, 5, '2026-09-01 12:00:00+00', '2026-09-01 12:00:00+00', NULL);



INSERT INTO public.deliveries VALUES (1, 1, 0, 0, '100', 335, true, 0, false);
INSERT INTO public.deliveries VALUES (2, 2, 0, 0, '', 0, false, 0, false);
INSERT INTO public.deliveries VALUES (3, 5, 0, 0, '100', 0, true, 0, false);
INSERT INTO public.deliveries VALUES (4, 6, 0, 0, '100', 0, true, 0, false);



INSERT INTO public.events VALUES ('answered', '2026-09-01 12:00:00+00');
INSERT INTO public.events VALUES ('undelivered', '2026-09-01 12:00:00+00');
INSERT INTO public.events VALUES ('under way', '2026-09-01 12:00:00+00');
INSERT INTO public.events VALUES ('behind it', '2026-09-01 12:00:00+00');
INSERT INTO public.events VALUES ('held dora', '2026-09-01 12:00:00+00');
INSERT INTO public.events VALUES ('held emil', '2026-09-01 12:00:00+00');






INSERT INTO public.gates VALUES ('balance', 'balance', '', '2026-09-01 12:00:00+00', '2026-09-01 12:00:10.588658+00', 0, NULL, NULL, 0);



INSERT INTO public.identities VALUES (1, 1, 'fake', 'W1', 'ana', 'Ana', '', '', '2026-09-01 12:00:00+00');
INSERT INTO public.identities VALUES (2, 2, 'fake', 'W1', 'ben', 'Ben', '', '', '2026-09-01 12:00:00+00');
INSERT INTO public.identities VALUES (3, 3, 'fake', 'W1', 'cleo', 'Cleo', '', '', '2026-09-01 12:00:00+00');
INSERT INTO public.identities VALUES (4, 4, 'fake', 'W1', 'dora', 'Dora', '', '', '2026-09-01 12:00:00+00');
INSERT INTO public.identities VALUES (5, 5, 'fake', 'W1', 'emil', 'Emil', '', '', '2026-09-01 12:00:00+00');



INSERT INTO public.messages VALUES (1, 1, 1, 1, 'user', 'What is a goroutine?', true, '[]', 'answered', '2026-09-01 12:00:00+00');
INSERT INTO public.messages VALUES (2, 1, 1, NULL, 'assistant', 'Hello! This is the **AIVAX sandbox**: a stand-in on your own machine, where no model runs.

You said:

> What is a goroutine?

I can only repeat it, but some words wake me up:

- `list`, `code`, `table` or `long 5000` show what an answer can look like
- `think` and `tools` show what happens on the way to one
- `words` tells the rest
', true, '[]', '', '2026-09-01 12:00:00+00');
INSERT INTO public.messages VALUES (3, 2, 2, 2, 'user', 'What is a channel?', true, '[]', 'undelivered', '2026-09-01 12:00:00+00');
INSERT INTO public.messages VALUES (4, 2, 2, NULL, 'assistant', 'Hello! This is the **AIVAX sandbox**: a stand-in on your own machine, where no model runs.

You said:

> What is a channel?

I can only repeat it, but some words wake me up:

- `list`, `code`, `table` or `long 5000` show what an answer can look like
- `think` and `tools` show what happens on the way to one
- `words` tells the rest
', true, '[]', '', '2026-09-01 12:00:00+00');
INSERT INTO public.messages VALUES (5, 3, 3, 3, 'user', 'What is a mutex?', true, '[]', 'under way', '2026-09-01 12:00:00+00');
INSERT INTO public.messages VALUES (6, 3, 4, 3, 'user', 'And a semaphore?', true, '[]', 'behind it', '2026-09-01 12:00:00+00');
INSERT INTO public.messages VALUES (7, 4, 5, 4, 'user', 'What is a deadlock?', true, '[]', 'held dora', '2026-09-01 12:00:00+00');
INSERT INTO public.messages VALUES (8, 5, 6, 5, 'user', 'What is a deadlock?', true, '[]', 'held emil', '2026-09-01 12:00:00+00');






INSERT INTO public.persons VALUES (1, '8711d6095f8442699f2e8ed00b9376af', '2026-09-01 12:00:00+00');
INSERT INTO public.persons VALUES (2, '397c2433b5af4b61b3ce7ba8a84b8f4b', '2026-09-01 12:00:00+00');
INSERT INTO public.persons VALUES (3, '39f0184628f743f18c31b46b96b6617a', '2026-09-01 12:00:00+00');
INSERT INTO public.persons VALUES (4, '87611670b7924f87a5aa922a5939659e', '2026-09-01 12:00:00+00');
INSERT INTO public.persons VALUES (5, '452aac22fcdc47b3939fab890de22dc8', '2026-09-01 12:00:00+00');















INSERT INTO public.turns VALUES (1, 1, 1, '228f09d87e8a444ea89dc2427e12edf1', 'answered', 'D-ana/answered', 'Hello! This is the **AIVAX sandbox**: a stand-in on your own machine, where no model runs.

You said:

> What is a goroutine?

I can only repeat it, but some words wake me up:

- `list`, `code`, `table` or `long 5000` show what an answer can look like
- `think` and `tools` show what happens on the way to one
- `words` tells the rest
', false, 1, 1, 0, NULL, NULL, 'old-12846-ae32ec87', '2026-09-01 12:00:30+00', NULL, NULL, NULL, NULL, false, '', NULL, 0, 0, '2026-09-01 12:00:00+00', '2026-09-01 12:00:00+00', '2026-09-01 12:00:00+00', '2026-09-01 12:00:00+00', NULL);
INSERT INTO public.turns VALUES (2, 2, 2, '3998f4e52d3741aa957faf88c5dec60b', 'queued', 'D-ben/undelivered', 'Hello! This is the **AIVAX sandbox**: a stand-in on your own machine, where no model runs.

You said:

> What is a channel?

I can only repeat it, but some words wake me up:

- `list`, `code`, `table` or `long 5000` show what an answer can look like
- `think` and `tools` show what happens on the way to one
- `words` tells the rest
', false, 1, 0, 0, NULL, NULL, 'old-12846-ae32ec87', '2026-09-01 12:00:30+00', NULL, NULL, NULL, NULL, false, '', NULL, 0, 0, '2026-09-01 12:01:00+00', '2026-09-01 12:00:00+00', '2026-09-01 12:00:00+00', NULL, NULL);
INSERT INTO public.turns VALUES (3, 3, 3, 'f7f9bcfc6842483cb2ee2d17adadb7c7', 'running', 'D-cleo/under way', NULL, false, 1, 1, 0, NULL, NULL, 'old-12846-ae32ec87', '2026-09-01 12:00:30+00', NULL, NULL, NULL, NULL, false, '', NULL, 0, 0, '2026-09-01 12:00:00+00', '2026-09-01 12:00:00+00', '2026-09-01 12:00:00+00', NULL, NULL);
INSERT INTO public.turns VALUES (4, 3, 3, 'd4c0462cdee545ce9849927af7dff8b3', 'queued', 'D-cleo/behind it', NULL, false, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, '', NULL, 0, 0, '2026-09-01 12:00:00+00', '2026-09-01 12:00:00+00', NULL, NULL, NULL);
INSERT INTO public.turns VALUES (5, 4, 4, '98507af0df064d83a60c0c30f7d9b850', 'parked', 'D-dora/held dora', NULL, false, 1, 0, 0, NULL, NULL, 'old-12846-ae32ec87', '2026-09-01 12:00:30+00', 'balance', '2026-09-01 12:00:00+00', NULL, NULL, false, '', NULL, 0, 1, '2026-09-01 12:00:00+00', '2026-09-01 12:00:00+00', '2026-09-01 12:00:00+00', NULL, NULL);
INSERT INTO public.turns VALUES (6, 5, 5, '55132938b86642ffafc934900874e155', 'parked', 'D-emil/held emil', NULL, false, 1, 0, 0, NULL, NULL, 'old-12846-ae32ec87', '2026-09-01 12:00:30+00', 'balance', '2026-09-01 12:00:00+00', NULL, NULL, false, '', NULL, 0, 1, '2026-09-01 12:00:00+00', '2026-09-01 12:00:00+00', '2026-09-01 12:00:00+00', NULL, NULL);



INSERT INTO public.usage VALUES (1, 'sandbox:50c3', 5, 69, 0, NULL, '2026-09-01 12:00:00+00');
INSERT INTO public.usage VALUES (2, 'sandbox:50c3', 5, 68, 0, NULL, '2026-09-01 12:00:00+00');



SELECT pg_catalog.setval('public.calls_id_seq', 1, false);



SELECT pg_catalog.setval('public.conversations_id_seq', 5, true);



SELECT pg_catalog.setval('public.deliveries_id_seq', 4, true);



SELECT pg_catalog.setval('public.feedback_id_seq', 1, false);



SELECT pg_catalog.setval('public.identities_id_seq', 5, true);



SELECT pg_catalog.setval('public.messages_id_seq', 8, true);



SELECT pg_catalog.setval('public.persons_id_seq', 5, true);



SELECT pg_catalog.setval('public.tool_activity_id_seq', 1, false);



SELECT pg_catalog.setval('public.turns_id_seq', 6, true);



ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);



ALTER TABLE ONLY public.calls
    ADD CONSTRAINT pk_calls PRIMARY KEY (id);



ALTER TABLE ONLY public.conversations
    ADD CONSTRAINT pk_conversations PRIMARY KEY (id);



ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT pk_deliveries PRIMARY KEY (id);



ALTER TABLE ONLY public.events
    ADD CONSTRAINT pk_events PRIMARY KEY (key);



ALTER TABLE ONLY public.feedback
    ADD CONSTRAINT pk_feedback PRIMARY KEY (id);



ALTER TABLE ONLY public.gates
    ADD CONSTRAINT pk_gates PRIMARY KEY (name);



ALTER TABLE ONLY public.identities
    ADD CONSTRAINT pk_identities PRIMARY KEY (id);



ALTER TABLE ONLY public.messages
    ADD CONSTRAINT pk_messages PRIMARY KEY (id);



ALTER TABLE ONLY public.notices
    ADD CONSTRAINT pk_notices PRIMARY KEY (key);



ALTER TABLE ONLY public.persons
    ADD CONSTRAINT pk_persons PRIMARY KEY (id);



ALTER TABLE ONLY public.place_models
    ADD CONSTRAINT pk_place_models PRIMARY KEY (platform, workspace, channel);



ALTER TABLE ONLY public.slack_install_states
    ADD CONSTRAINT pk_slack_install_states PRIMARY KEY (digest);



ALTER TABLE ONLY public.slack_installations
    ADD CONSTRAINT pk_slack_installations PRIMARY KEY (team);



ALTER TABLE ONLY public.tool_activity
    ADD CONSTRAINT pk_tool_activity PRIMARY KEY (id);



ALTER TABLE ONLY public.turns
    ADD CONSTRAINT pk_turns PRIMARY KEY (id);



ALTER TABLE ONLY public.usage
    ADD CONSTRAINT pk_usage PRIMARY KEY (turn_id);



ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT uq_deliveries_turn_id_part UNIQUE (turn_id, part);



ALTER TABLE ONLY public.feedback
    ADD CONSTRAINT uq_feedback_turn_id_identity_id UNIQUE (turn_id, identity_id);



ALTER TABLE ONLY public.identities
    ADD CONSTRAINT uq_identities_platform_workspace_user UNIQUE (platform, workspace, "user");



ALTER TABLE ONLY public.persons
    ADD CONSTRAINT uq_persons_key UNIQUE (key);



ALTER TABLE ONLY public.tool_activity
    ADD CONSTRAINT uq_tool_activity_turn_id_tool_id UNIQUE (turn_id, tool_id);



ALTER TABLE ONLY public.turns
    ADD CONSTRAINT uq_turns_key UNIQUE (key);



CREATE INDEX ix_calls_at ON public.calls USING btree (at);



CREATE INDEX ix_calls_promised ON public.calls USING btree (turn_id) WHERE (NOT sent);



CREATE INDEX ix_events_received_at ON public.events USING btree (received_at);



CREATE INDEX ix_identities_person_id ON public.identities USING btree (person_id);



CREATE INDEX ix_messages_origin ON public.messages USING btree (origin) WHERE ((origin)::text <> ''::text);



CREATE INDEX ix_messages_turn_id ON public.messages USING btree (turn_id);



CREATE INDEX ix_messages_window ON public.messages USING btree (conversation_id, turn_id, id);



CREATE INDEX ix_turns_conversation_id_id ON public.turns USING btree (conversation_id, id);



CREATE INDEX ix_turns_ended_at ON public.turns USING btree (ended_at) WHERE (emptied_at IS NULL);



CREATE INDEX ix_turns_identity_id_created_at ON public.turns USING btree (identity_id, created_at);



CREATE INDEX ix_turns_parked ON public.turns USING btree (parked_for, id) WHERE ((state)::text = 'parked'::text);



CREATE INDEX ix_turns_waiting ON public.turns USING btree (state, due_at) WHERE ((state)::text = ANY ((ARRAY['queued'::character varying, 'running'::character varying])::text[]));



CREATE INDEX ix_usage_created_at ON public.usage USING btree (created_at);



CREATE UNIQUE INDEX uq_conversations_open ON public.conversations USING btree (platform, workspace, channel, thread, owner_id) WHERE (closed_at IS NULL);



CREATE UNIQUE INDEX uq_turns_running ON public.turns USING btree (conversation_id) WHERE ((state)::text = 'running'::text);



ALTER TABLE ONLY public.calls
    ADD CONSTRAINT fk_calls_turn_id FOREIGN KEY (turn_id) REFERENCES public.turns(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT fk_deliveries_turn_id FOREIGN KEY (turn_id) REFERENCES public.turns(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.feedback
    ADD CONSTRAINT fk_feedback_identity_id FOREIGN KEY (identity_id) REFERENCES public.identities(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.feedback
    ADD CONSTRAINT fk_feedback_turn_id FOREIGN KEY (turn_id) REFERENCES public.turns(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.identities
    ADD CONSTRAINT fk_identities_person_id FOREIGN KEY (person_id) REFERENCES public.persons(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.messages
    ADD CONSTRAINT fk_messages_conversation_id FOREIGN KEY (conversation_id) REFERENCES public.conversations(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.messages
    ADD CONSTRAINT fk_messages_identity_id FOREIGN KEY (identity_id) REFERENCES public.identities(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.messages
    ADD CONSTRAINT fk_messages_turn_id FOREIGN KEY (turn_id) REFERENCES public.turns(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.tool_activity
    ADD CONSTRAINT fk_tool_activity_turn_id FOREIGN KEY (turn_id) REFERENCES public.turns(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.turns
    ADD CONSTRAINT fk_turns_conversation_id FOREIGN KEY (conversation_id) REFERENCES public.conversations(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.turns
    ADD CONSTRAINT fk_turns_identity_id FOREIGN KEY (identity_id) REFERENCES public.identities(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.usage
    ADD CONSTRAINT fk_usage_turn_id FOREIGN KEY (turn_id) REFERENCES public.turns(id) ON DELETE CASCADE;




