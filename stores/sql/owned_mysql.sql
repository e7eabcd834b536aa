-- A revocation, first half: the second removes by key, in the order in which every write locks.
SELECT shortcrust_session.key FROM shortcrust_session WHERE user_id = :user AND shortcrust_session.key <> :keep
