"""The word `settings`: admins of a server or channel see and change in chat what operators let them set."""
