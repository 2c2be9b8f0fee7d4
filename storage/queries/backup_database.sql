-- Begins a backup of the database, in the background, under the id `run`.
-- fragments: database, cluster, place, run
BACKUP DATABASE /*{database}*/ /*{cluster}*/ TO /*{place}*/ SETTINGS id = /*{run}*/ ASYNC
