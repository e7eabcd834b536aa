DELETE FROM shortcrust_session WHERE key = :key
