-- Begins to bring the database back from a backup, in the background, under the id `run`.
-- fragments: database, cluster, place, run
RESTORE DATABASE /*{database}*/ /*{cluster}*/ FROM /*{place}*/ SETTINGS id = /*{run}*/ ASYNC
