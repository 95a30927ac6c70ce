//! The tables, with column types that both databases support.

diesel::table! {
    schema_epoch (id) {
        id -> BigInt,
        oldest_epoch -> BigInt,
        oldest_binary -> Text,
    }
}

diesel::table! {
    heartbeat (id) {
        id -> BigInt,
        at -> Timestamp,
    }
}

diesel::table! {
    installation (id) {
        id -> BigInt,
        entity_id -> Text,
        base_url -> Text,
        generation -> BigInt,
        passkey_rp_id -> Nullable<Text>,
        issuer -> Nullable<Text>,
    }
}

diesel::table! {
    users (id) {
        id -> Text,
        stable_id -> Text,
        email -> Text,
        given_name -> Nullable<Text>,
        family_name -> Nullable<Text>,
        enabled -> Bool,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        user_name -> Nullable<Text>,
        deleted_at -> Nullable<Timestamp>,
        role -> Nullable<Text>,
        external_id -> Nullable<Text>,
        language -> Nullable<Text>,
        new_device_mail -> Bool,
    }
}

diesel::table! {
    spent_stable_ids (sha256) {
        sha256 -> Text,
    }
}

diesel::table! {
    user_attributes (user_id, name, position) {
        user_id -> Text,
        name -> Text,
        position -> BigInt,
        value -> Text,
    }
}

diesel::table! {
    user_passwords (user_id) {
        user_id -> Text,
        phc -> Text,
        changed_at -> Timestamp,
        must_change -> Bool,
    }
}

diesel::table! {
    second_factors (id) {
        id -> Text,
        user_id -> Text,
        kind -> Text,
        name -> Text,
        sealed -> Binary,
        last_step -> BigInt,
        created_at -> Timestamp,
        last_used_at -> Nullable<Timestamp>,
        credential_id -> Nullable<Binary>,
        rp_id -> Nullable<Text>,
    }
}

diesel::table! {
    recovery_codes (user_id, sha256) {
        user_id -> Text,
        sha256 -> Binary,
        created_at -> Timestamp,
    }
}

diesel::table! {
    applications (id) {
        id -> Text,
        slug -> Text,
        name -> Text,
        kind -> Text,
        enabled -> Bool,
        tile_url -> Nullable<Text>,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        access -> Text,
        second_factor -> Nullable<Text>,
        second_factor_from -> Nullable<Timestamp>,
    }
}

diesel::table! {
    oidc_clients (application_id) {
        application_id -> Text,
        client_id -> Text,
        client_type -> Text,
        subject_type -> Text,
        id_token_algorithm -> Text,
        claims_in_id_token -> Bool,
        access_token_format -> Text,
        refresh -> Text,
        keys_on -> Nullable<Text>,
    }
}

diesel::table! {
    oidc_redirect_uris (application_id, position) {
        application_id -> Text,
        position -> BigInt,
        uri -> Text,
    }
}

diesel::table! {
    oidc_client_secrets (id) {
        id -> Text,
        application_id -> Text,
        sha256 -> Binary,
        created_at -> Timestamp,
        expires_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    oidc_keys (id) {
        id -> Text,
        algorithm -> Text,
        state -> Text,
        sealed -> Nullable<Binary>,
        public -> Binary,
        created_at -> Timestamp,
        since -> Timestamp,
    }
}

diesel::table! {
    oidc_grants (id) {
        id -> Text,
        application_id -> Text,
        user_id -> Text,
        session_id -> Text,
        outlives_session -> Bool,
        scope -> Text,
        resource -> Text,
        id_token_claims -> Text,
        userinfo_claims -> Text,
        acr -> Text,
        amr -> Text,
        auth_time -> Timestamp,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
        recovered_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    verified_emails (user_id) {
        user_id -> Text,
        email -> Text,
        verified_at -> Timestamp,
    }
}

diesel::table! {
    organisation_domains (domain) {
        domain -> Text,
        added_at -> Timestamp,
    }
}

diesel::table! {
    authorization_codes (sha256) {
        sha256 -> Binary,
        grant_id -> Text,
        redirect_uri -> Text,
        code_challenge -> Nullable<Text>,
        nonce -> Nullable<Text>,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        used_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    refresh_tokens (sha256) {
        sha256 -> Binary,
        grant_id -> Text,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        rotated_at -> Nullable<Timestamp>,
        successor_sha256 -> Nullable<Binary>,
        successor -> Nullable<Binary>,
    }
}

diesel::table! {
    access_tokens (sha256) {
        sha256 -> Binary,
        grant_id -> Text,
        scope -> Text,
        audience -> Text,
        created_at -> Timestamp,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    application_users (application_id, user_id) {
        application_id -> Text,
        user_id -> Text,
    }
}

diesel::table! {
    application_groups (application_id, group_id) {
        application_id -> Text,
        group_id -> Text,
    }
}

diesel::table! {
    groups (id) {
        id -> Text,
        name -> Text,
        folded_name -> Text,
        description -> Nullable<Text>,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        second_factor -> Nullable<Text>,
        second_factor_from -> Nullable<Timestamp>,
    }
}

diesel::table! {
    group_members (group_id, user_id) {
        group_id -> Text,
        user_id -> Text,
        added_at -> Timestamp,
    }
}

diesel::table! {
    saml_service_providers (application_id) {
        application_id -> Text,
        entity_id -> Text,
        audience -> Text,
        slo_location -> Nullable<Text>,
        slo_response_location -> Nullable<Text>,
        require_signed_requests -> Bool,
        allow_idp_initiated -> Bool,
        slo_binding -> Nullable<Text>,
        name_id_format -> Text,
        default_relay_state -> Nullable<Text>,
        signs -> Text,
        signature_algorithm -> Text,
        encryption -> Nullable<Text>,
        authn_context -> Text,
        keys_on -> Nullable<Text>,
    }
}

diesel::table! {
    saml_attributes (application_id, position) {
        application_id -> Text,
        position -> BigInt,
        name -> Text,
        name_format -> Text,
        friendly_name -> Nullable<Text>,
        source -> Text,
        source_value -> Nullable<Text>,
        lower_case -> Bool,
        joined_by -> Nullable<Text>,
        required -> Bool,
    }
}

diesel::table! {
    persistent_name_ids (application_id, value) {
        application_id -> Text,
        value -> Text,
        user_id -> Text,
        is_current -> Bool,
        created_at -> Timestamp,
    }
}

diesel::table! {
    saml_consumers (application_id, position) {
        application_id -> Text,
        position -> BigInt,
        location -> Text,
        idx -> Nullable<BigInt>,
    }
}

diesel::table! {
    saml_certificates (application_id, position) {
        application_id -> Text,
        position -> BigInt,
        der -> Binary,
        sha256 -> Text,
        subject -> Text,
        not_before -> Timestamp,
        not_after -> Timestamp,
        purpose -> Text,
    }
}

diesel::table! {
    sessions (id) {
        id -> Text,
        token_hash -> Binary,
        user_id -> Text,
        seed -> Binary,
        authenticated_at -> Timestamp,
        last_seen_at -> Timestamp,
        idle_expires_at -> Timestamp,
        expires_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
        end_reason -> Nullable<Text>,
        authentications -> Nullable<Text>,
        device -> Nullable<Text>,
        address -> Nullable<Text>,
    }
}

diesel::table! {
    session_participants (session_id, application_id) {
        session_id -> Text,
        application_id -> Text,
        session_index -> Text,
        name_id_format -> Text,
        name_id -> Text,
        first_at -> Timestamp,
        last_at -> Timestamp,
        name_qualifier -> Nullable<Text>,
        sp_name_qualifier -> Nullable<Text>,
    }
}

diesel::table! {
    app_identities (application_id, user_id) {
        application_id -> Text,
        user_id -> Text,
        first_name_id -> Text,
        first_email -> Text,
        last_name_id -> Text,
        last_email -> Text,
        first_at -> Timestamp,
        changed_at -> Timestamp,
        pinned_email -> Nullable<Text>,
    }
}

diesel::table! {
    waiting_sign_ons (id) {
        id -> Text,
        handle -> Binary,
        browser -> Binary,
        application_id -> Text,
        request_id -> Text,
        consumer -> Text,
        relay_state -> Nullable<Text>,
        force_authn -> Bool,
        subject -> Nullable<Text>,
        address -> Text,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        is_passive -> Bool,
        subject_format -> Nullable<Text>,
        name_id_format -> Text,
        context_class -> Text,
        login_hint -> Nullable<Text>,
    }
}

diesel::table! {
    answered_requests (application_id, request_id) {
        application_id -> Text,
        request_id -> Text,
        session_id -> Text,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    seen_ids (kind, issuer, value) {
        kind -> Text,
        issuer -> Text,
        value -> Text,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    logouts (id) {
        id -> Text,
        browser -> Binary,
        user_id -> Text,
        initiator_id -> Nullable<Text>,
        request_id -> Nullable<Text>,
        relay_state -> Nullable<Text>,
        wants_answer -> Bool,
        started_at -> Timestamp,
        expires_at -> Timestamp,
        finished_at -> Nullable<Timestamp>,
        session_token -> Nullable<Binary>,
        nameless -> Bool,
    }
}

diesel::table! {
    posted_logouts (id) {
        id -> Text,
        browser -> Binary,
        applications -> Text,
        request_id -> Text,
        relay_state -> Nullable<Text>,
        wants_answer -> Bool,
        by_name -> Bool,
        name_id_format -> Text,
        name_id -> Text,
        name_qualifier -> Nullable<Text>,
        sp_name_qualifier -> Nullable<Text>,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    logout_hops (logout_id, position) {
        logout_id -> Text,
        position -> BigInt,
        session_id -> Text,
        application_id -> Text,
        session_index -> Text,
        name_id_format -> Text,
        name_id -> Text,
        name_qualifier -> Nullable<Text>,
        sp_name_qualifier -> Nullable<Text>,
        state -> Text,
        request_id -> Nullable<Text>,
        asked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    signing_keys (id) {
        id -> Text,
        state -> Text,
        sealed -> Nullable<Binary>,
        certificate -> Binary,
        created_at -> Timestamp,
        since -> Timestamp,
    }
}

diesel::table! {
    application_drafts (slug) {
        slug -> Text,
        name -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    application_key_follow (slug, key_id) {
        slug -> Text,
        key_id -> Text,
        how -> Text,
        at -> Timestamp,
        address -> Nullable<Text>,
        agent -> Nullable<Text>,
    }
}

diesel::table! {
    login_throttle (bucket) {
        bucket -> Text,
        failures -> BigInt,
        blocked_until -> Timestamp,
        forget_at -> Timestamp,
    }
}

diesel::table! {
    known_devices (token_hash) {
        token_hash -> Binary,
        user_id -> Text,
        created_at -> Timestamp,
        last_used_at -> Timestamp,
        expires_at -> Timestamp,
        second_factor_given -> Bool,
        second_factor_until -> Nullable<Timestamp>,
    }
}

diesel::table! {
    metadata_addresses (slug) {
        slug -> Text,
        token -> Text,
    }
}

diesel::table! {
    metadata_fetches (key_id, slug, own, address, agent) {
        key_id -> Text,
        slug -> Text,
        own -> Bool,
        address -> Text,
        agent -> Text,
        at -> Timestamp,
    }
}

diesel::table! {
    network_people (network, user_id) {
        network -> Text,
        user_id -> Text,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    audit_events (id) {
        id -> Text,
        at -> Timestamp,
        action -> Text,
        outcome -> Text,
        detail -> Nullable<Text>,
        user_id -> Nullable<Text>,
        application_id -> Nullable<Text>,
        session_id -> Nullable<Text>,
        address -> Nullable<Text>,
        request_id -> Nullable<Text>,
        occurrences -> BigInt,
        fold_key -> Nullable<Text>,
        unproven -> Bool,
        actor -> Nullable<Text>,
        changes -> Nullable<Text>,
    }
}

diesel::table! {
    metadata_sources (id) {
        id -> Text,
        kind -> Text,
        name -> Nullable<Text>,
        url -> Nullable<Text>,
        rule -> Text,
        rule_value -> Nullable<Text>,
        longest_validity_seconds -> Nullable<BigInt>,
        etag -> Nullable<Text>,
        last_modified -> Nullable<Text>,
        valid_until -> Nullable<Timestamp>,
        cache_seconds -> Nullable<BigInt>,
        fetched_at -> Nullable<Timestamp>,
        next_at -> Nullable<Timestamp>,
        failing_since -> Nullable<Timestamp>,
        failures -> BigInt,
        last_error -> Nullable<Text>,
        round -> BigInt,
        lease -> Nullable<Binary>,
        leased_until -> Nullable<Timestamp>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    metadata_source_certificates (source_id, position) {
        source_id -> Text,
        position -> BigInt,
        der -> Binary,
    }
}

diesel::table! {
    metadata_source_copies (source_id, digest) {
        source_id -> Text,
        digest -> Text,
        published_at -> Nullable<Timestamp>,
        valid_until -> Nullable<Timestamp>,
        taken_at -> Timestamp,
        round -> BigInt,
    }
}

diesel::table! {
    known_entities (source_id, entity_sha256) {
        source_id -> Text,
        entity_id -> Text,
        display_name -> Text,
        authority -> Nullable<Text>,
        metadata -> Text,
        sha256 -> Text,
        gone_at -> Nullable<Timestamp>,
        declined_at -> Nullable<Timestamp>,
        entity_sha256 -> Text,
    }
}

diesel::table! {
    application_sources (application_id) {
        application_id -> Text,
        source_id -> Text,
        entity_id -> Text,
        applied -> Text,
        signs_requests -> Bool,
        valid_until -> Nullable<Timestamp>,
        gone_at -> Nullable<Timestamp>,
        waiting -> Nullable<Text>,
        waiting_sha256 -> Nullable<Text>,
        waiting_why -> Nullable<Text>,
        waiting_since -> Nullable<Timestamp>,
        rejected -> Nullable<Text>,
        waiting_id -> Nullable<Text>,
    }
}

diesel::table! {
    configuration_changes (generation, subject) {
        generation -> BigInt,
        subject -> Text,
    }
}

diesel::table! {
    jobs (id) {
        id -> Text,
        kind -> Text,
        user_id -> Nullable<Text>,
        payload -> Nullable<Binary>,
        run_at -> Timestamp,
        attempts -> BigInt,
        lease -> Nullable<Binary>,
        leased_until -> Nullable<Timestamp>,
        last_error -> Nullable<Text>,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        done_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    one_time_links (token_hash) {
        token_hash -> Binary,
        purpose -> Text,
        user_id -> Text,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        used_at -> Nullable<Timestamp>,
        mailed -> Bool,
    }
}

diesel::table! {
    email_changes (confirm_hash) {
        confirm_hash -> Binary,
        user_id -> Text,
        old_email -> Text,
        new_email -> Text,
        requested_at -> Timestamp,
        confirmed_at -> Nullable<Timestamp>,
        undo_hash -> Nullable<Binary>,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    audit_numbers (number) {
        number -> BigInt,
        event_id -> Text,
        personal_hash -> Nullable<Binary>,
    }
}

diesel::table! {
    audit_batches (last_number) {
        last_number -> BigInt,
        first_number -> BigInt,
        closed_at -> Timestamp,
        newest_at -> Timestamp,
        previous_digest -> Binary,
        digest -> Binary,
        row_digests -> Binary,
        salts -> Binary,
    }
}

diesel::table! {
    audit_chain (id) {
        id -> BigInt,
        version -> BigInt,
        last_number -> BigInt,
        numbered_from -> Text,
        sweep_from -> Nullable<Text>,
        swept_at -> Timestamp,
        anchor_number -> BigInt,
        anchor_digest -> Binary,
    }
}

diesel::joinable!(logout_hops -> logouts (logout_id));
diesel::joinable!(application_sources -> metadata_sources (source_id));
diesel::joinable!(application_groups -> groups (group_id));
diesel::joinable!(application_users -> users (user_id));
diesel::joinable!(group_members -> groups (group_id));
diesel::joinable!(group_members -> users (user_id));
diesel::joinable!(oidc_clients -> applications (application_id));
diesel::joinable!(saml_service_providers -> applications (application_id));
diesel::joinable!(session_participants -> sessions (session_id));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(user_attributes -> users (user_id));
diesel::joinable!(user_passwords -> users (user_id));

diesel::allow_tables_to_appear_in_same_query!(audit_events, audit_numbers);
diesel::allow_tables_to_appear_in_same_query!(application_sources, metadata_sources);
diesel::allow_tables_to_appear_in_same_query!(application_key_follow, applications);
diesel::allow_tables_to_appear_in_same_query!(oidc_clients, saml_service_providers, applications);
diesel::allow_tables_to_appear_in_same_query!(logout_hops, logouts, sessions);
diesel::allow_tables_to_appear_in_same_query!(application_groups, applications);
diesel::allow_tables_to_appear_in_same_query!(app_identities, applications);
diesel::allow_tables_to_appear_in_same_query!(
    app_identities,
    application_groups,
    application_users,
    email_changes,
    group_members,
    groups,
    installation,
    oidc_grants,
    session_participants,
    sessions,
    user_attributes,
    user_passwords,
    users
);
