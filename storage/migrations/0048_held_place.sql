-- Stands for a migration of another branch.
CREATE VIEW IF NOT EXISTS held_place_48 AS SELECT 1 AS one
