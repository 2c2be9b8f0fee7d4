-- A statement as the engine reads it; an error where it is not one whole statement. It is not run.
-- params: statement String
-- columns: parsed
SELECT formatQuery({statement:String}) AS parsed
