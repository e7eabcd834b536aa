INSERT INTO shortcrust_session (`key`, version, user_id, expires, record)
VALUES (:key, 1, :user, :expires, :record)
ON DUPLICATE KEY UPDATE version = version + 1, user_id = VALUES(user_id), expires = VALUES(expires),
  record = VALUES(record)
