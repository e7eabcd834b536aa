CREATE TABLE IF NOT EXISTS shortcrust_session (
  `key` VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  user_id VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  expires BIGINT,
  record LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  INDEX shortcrust_session_user_id (user_id),
  INDEX shortcrust_session_expires (expires)
) ENGINE = InnoDB
