SELECT key, version, record FROM shortcrust_session WHERE key IN (:keys)
