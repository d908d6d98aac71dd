-- Where a browser session began, for the person whose it is. browser: a short name. address: as text.
ALTER TABLE browser_sessions ADD COLUMN browser TEXT;
ALTER TABLE browser_sessions ADD COLUMN address TEXT;
