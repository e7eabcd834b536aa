-- A sweep, first part of three: it locks nothing.
SELECT shortcrust_session.key FROM shortcrust_session WHERE expires < :now LIMIT :limit
