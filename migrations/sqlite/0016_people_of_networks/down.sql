DROP TABLE network_people;
