-- Forgets how far an engine has come, so that it begins anew.
-- params: engine String
DELETE FROM engine_watermarks WHERE engine = {engine:String}
