-- A row that another request just prolongs is neither waited for nor removed.
DELETE FROM shortcrust_session
WHERE key IN (SELECT key FROM shortcrust_session WHERE expires < :now LIMIT :limit FOR UPDATE SKIP LOCKED)
