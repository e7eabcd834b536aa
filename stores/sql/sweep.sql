DELETE FROM shortcrust_session
WHERE key IN (SELECT key FROM shortcrust_session WHERE expires < :now LIMIT :limit)
