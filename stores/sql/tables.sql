CREATE TABLE IF NOT EXISTS shortcrust_session (
  key TEXT NOT NULL PRIMARY KEY,
  version BIGINT NOT NULL,
  user_id TEXT,
  expires BIGINT,
  record TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS shortcrust_session_user_id ON shortcrust_session (user_id);
CREATE INDEX IF NOT EXISTS shortcrust_session_expires ON shortcrust_session (expires)
