DROP TABLE application_sources;
DROP TABLE known_entities;
DROP TABLE metadata_source_certificates;
DROP TABLE metadata_sources;
