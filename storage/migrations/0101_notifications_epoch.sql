-- In which engine's epoch a message was last written; 0 where there was only one engine.
ALTER TABLE notifications ADD COLUMN IF NOT EXISTS epoch UInt64 DEFAULT 0
