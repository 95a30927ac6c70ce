DROP TABLE logout_hops;
DROP TABLE logouts;
