DELETE FROM shortcrust_session WHERE shortcrust_session.key = :key
