UPDATE shortcrust_session
SET version = version + 1, user_id = :user, expires = :expires, record = :record
WHERE shortcrust_session.key = :key AND version = :version
