DROP TABLE email_changes;
DROP INDEX app_identities_pinned_email;
DROP INDEX app_identities_user_id;
ALTER TABLE app_identities DROP COLUMN pinned_email;
ALTER TABLE saml_service_providers DROP COLUMN keys_on;
