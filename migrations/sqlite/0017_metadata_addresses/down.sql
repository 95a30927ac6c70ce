DROP TABLE metadata_fetches;
DROP TABLE metadata_addresses;
