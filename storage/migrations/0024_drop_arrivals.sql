-- Nothing writes or reads it any more.
DROP TABLE IF EXISTS arrivals
