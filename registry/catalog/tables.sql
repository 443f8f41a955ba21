CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE problems (path TEXT PRIMARY KEY, text TEXT);
CREATE TABLE cards (id INTEGER PRIMARY KEY, path TEXT UNIQUE, name TEXT UNIQUE, document TEXT);
CREATE TABLE others (kind TEXT, name TEXT, path TEXT UNIQUE, document TEXT, PRIMARY KEY (kind, name));
CREATE TABLE signatures (id INTEGER PRIMARY KEY, format TEXT, scheme TEXT, granularity TEXT, representation TEXT,
                         UNIQUE (format, scheme, granularity, representation));
CREATE TABLE variants (
    id INTEGER PRIMARY KEY, card INTEGER, signature INTEGER,
    full_name TEXT UNIQUE, publisher TEXT, model TEXT, name TEXT, family TEXT, task TEXT,
    height INTEGER, width INTEGER, classes INTEGER, availability TEXT, licence TEXT,
    pinned INTEGER, size REAL, accuracy REAL, conditions TEXT
);
CREATE TABLE documents (variant INTEGER PRIMARY KEY, document BLOB); -- JSON, deflated
CREATE TABLE metrics (variant INTEGER, name TEXT, value REAL, dataset TEXT);
CREATE TABLE figures (variant INTEGER, target TEXT, kind TEXT, value REAL, PRIMARY KEY (variant, target, kind)) WITHOUT ROWID;
CREATE TABLE support (variant INTEGER, target TEXT, level TEXT, PRIMARY KEY (variant, target)) WITHOUT ROWID;
CREATE TABLE datasets (variant INTEGER, dataset TEXT, PRIMARY KEY (variant, dataset)) WITHOUT ROWID;
CREATE TABLE aliases (alias TEXT, variant INTEGER);
CREATE TABLE digests (digest TEXT, variant INTEGER);
-- indexes
CREATE INDEX variants_card ON variants (card);
CREATE INDEX variants_signature ON variants (signature);
CREATE INDEX variants_model ON variants (model);
CREATE INDEX variants_family ON variants (family);
CREATE INDEX variants_name ON variants (name);
-- the two commonest orders, as `catalog.query` writes them
CREATE INDEX variants_accuracy ON variants (accuracy IS NULL, conditions, accuracy DESC, full_name);
CREATE INDEX variants_size ON variants (size IS NULL, size, full_name);
CREATE INDEX metrics_variant ON metrics (variant, name, value, dataset);
CREATE INDEX figures_value ON figures (target, kind, value);
CREATE INDEX support_target ON support (target, level);
CREATE INDEX datasets_dataset ON datasets (dataset);
CREATE INDEX aliases_alias ON aliases (alias);
CREATE INDEX aliases_variant ON aliases (variant);
CREATE INDEX digests_digest ON digests (digest);
CREATE INDEX digests_variant ON digests (variant);
