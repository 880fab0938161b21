CREATE SCHEMA vestibule;
CREATE FUNCTION vestibule.event_is_append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$;
CREATE TABLE vestibule.challenge (
    id character varying(32) NOT NULL,
    passage_id character varying(32) NOT NULL,
    enrolment_id character varying(32) NOT NULL,
    realm character varying(64) NOT NULL,
    subject text NOT NULL,
    purpose character varying(16) NOT NULL,
    status character varying(16) NOT NULL,
    attempts integer NOT NULL,
    max_attempts integer NOT NULL,
    spent bigint NOT NULL,
    generation integer NOT NULL,
    sends integer NOT NULL,
    salt bytea NOT NULL,
    key_version integer NOT NULL,
    memo json NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE TABLE vestibule.enrolment (
    id character varying(32) NOT NULL,
    realm character varying(64) NOT NULL,
    subject text NOT NULL,
    factor character varying(64) NOT NULL,
    is_primary boolean NOT NULL,
    status character varying(16) NOT NULL,
    label text NOT NULL,
    state json NOT NULL,
    secret bytea NOT NULL,
    version integer NOT NULL,
    preferred boolean NOT NULL,
    created_at bigint NOT NULL,
    confirmed_at bigint,
    last_used_at bigint,
    failures_known integer NOT NULL,
    failures_stranger integer NOT NULL
);
CREATE TABLE vestibule.event (
    id bigint NOT NULL,
    at bigint NOT NULL,
    realm character varying(64) NOT NULL,
    subject text NOT NULL,
    name character varying(64) NOT NULL,
    address character varying(64) NOT NULL,
    agent text NOT NULL,
    data json NOT NULL
);
CREATE SEQUENCE vestibule.event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE vestibule.event_id_seq OWNED BY vestibule.event.id;
CREATE TABLE vestibule.installation (
    id character varying(32) NOT NULL,
    epoch integer NOT NULL,
    development boolean NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE vestibule.ledger (
    realm character varying(64) NOT NULL,
    subject text NOT NULL,
    lane character varying(16) NOT NULL,
    spent bigint NOT NULL,
    as_of bigint NOT NULL,
    failures integer NOT NULL,
    failed_at bigint,
    told_at bigint
);
CREATE TABLE vestibule.message (
    id character varying(32) NOT NULL,
    realm character varying(64) NOT NULL,
    subject text NOT NULL,
    channel character varying(16) NOT NULL,
    text character varying(64) NOT NULL,
    destination bytea NOT NULL,
    locale character varying(16) NOT NULL,
    details json NOT NULL,
    challenge_id character varying(32),
    status character varying(16) NOT NULL,
    tries integer NOT NULL,
    outcome text NOT NULL,
    created_at bigint NOT NULL,
    not_after bigint NOT NULL,
    due_at bigint,
    claimed_until bigint
);
CREATE TABLE vestibule.passage (
    id character varying(32) NOT NULL,
    realm character varying(64) NOT NULL,
    subject text NOT NULL,
    status character varying(16) NOT NULL,
    kind character varying(16) NOT NULL,
    purpose character varying(16) NOT NULL,
    lane character varying(16) NOT NULL,
    token_hash bytea NOT NULL,
    identity_hash bytea NOT NULL,
    browser_hash bytea,
    password_stamp bytea,
    parked bytea,
    contact bytea,
    remembered boolean NOT NULL,
    proofs json NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    granted_at bigint,
    proven_at bigint,
    seen_at bigint
);
CREATE TABLE vestibule.source (
    realm character varying(64) NOT NULL,
    address character varying(64) NOT NULL,
    failures double precision NOT NULL,
    as_of bigint NOT NULL
);
CREATE TABLE vestibule.vestibule_version (
    version_num character varying(32) NOT NULL
);
ALTER TABLE ONLY vestibule.event ALTER COLUMN id SET DEFAULT nextval('vestibule.event_id_seq'::regclass);
INSERT INTO vestibule.challenge VALUES ('14cf96bceef6d7731591259a85039293', '771afd8c48bdbc6d6e5b2639a41e3426', '0272ee0a5008d1cc711ab52fdef7c0d5', 'default', 'ada', 'enrol', 'accepted', 0, 5, 0, 1, 0, '\xaeb23394e630e30b893f1db3eb869b8b', 1, '{}', 1767603600000000, 1767604200000000);
INSERT INTO vestibule.challenge VALUES ('24999f6ac83a48090f90576cc0a9c294', 'db057f55f82a9fb60926f63a8e7721e8', '0272ee0a5008d1cc711ab52fdef7c0d5', 'default', 'ada', 'login', 'accepted', 0, 5, 0, 1, 0, '\x83580396ceeee8a62adb84e2aebc34fc', 1, '{}', 1767603660000000, 1767604260000000);
INSERT INTO vestibule.challenge VALUES ('3b7fb3caf2825b98330da09ac05f4953', 'db057f55f82a9fb60926f63a8e7721e8', 'f119478658ac0eec288f4073570ddf5e', 'default', 'ada', 'login', 'closed', 0, 5, 0, 1, 0, '\xb80e5bf6f320e292f56feda2a2bee612', 1, '{}', 1767603660000000, 1767604260000000);
INSERT INTO vestibule.challenge VALUES ('762b5e70fbaa20391c0cc5b33122e6e9', 'b51e2bff75a213b942a369667e4265b5', '0272ee0a5008d1cc711ab52fdef7c0d5', 'default', 'ada', 'login', 'closed', 1, 5, 0, 1, 0, '\x36b26759f7e7db61c167daa4265f13eb', 1, '{}', 1767603660000000, 1767604260000000);
INSERT INTO vestibule.challenge VALUES ('b3d3b658970c154b3aec5a17a7ab90de', 'b51e2bff75a213b942a369667e4265b5', 'f119478658ac0eec288f4073570ddf5e', 'default', 'ada', 'login', 'accepted', 1, 5, 0, 1, 0, '\x3255bf6a331f9ba6989d98b3d88acbaf', 1, '{}', 1767603660000000, 1767604260000000);
INSERT INTO vestibule.challenge VALUES ('5f72e5e1114516486201a549e9f928c7', '521fdafe08adf8752bee43bf0ddaf008', 'a00c4b540353d6ca6b875839f9e705d9', 'default', 'cy', 'enrol', 'open', 0, 5, 0, 1, 0, '\xa5293d5571c52595b052ce4b6ab666e7', 1, '{}', 1767603660000000, 1767604260000000);
INSERT INTO vestibule.challenge VALUES ('8b7486ae93fb43326f71abf39166768d', '3dcc5f2375aecdc4a1dd13c7e3b69f6d', '0272ee0a5008d1cc711ab52fdef7c0d5', 'default', 'ada', 'login', 'accepted', 0, 5, 0, 1, 0, '\x41334f6d892ac738f5c2fbbe2ad262e9', 1, '{}', 1767603690000000, 1767604290000000);
INSERT INTO vestibule.challenge VALUES ('a25c4b7a0b837b73fa4f03eed48543d0', '3dcc5f2375aecdc4a1dd13c7e3b69f6d', 'f119478658ac0eec288f4073570ddf5e', 'default', 'ada', 'login', 'closed', 0, 5, 0, 1, 0, '\xd9070045929942c5e957c96b44b2c85c', 1, '{}', 1767603690000000, 1767604290000000);
INSERT INTO vestibule.challenge VALUES ('65492bba63f61437a68171660787ca81', 'db5a5108415fa51ca4bbe39dad7a3d46', '0272ee0a5008d1cc711ab52fdef7c0d5', 'default', 'ada', 'login', 'open', 0, 5, 0, 1, 0, '\xc5de617be432417184a75377909ec3a1', 1, '{}', 1767603690000000, 1767604290000000);
INSERT INTO vestibule.challenge VALUES ('851a022811bbec16a8cf9a5696f0f946', 'db5a5108415fa51ca4bbe39dad7a3d46', 'f119478658ac0eec288f4073570ddf5e', 'default', 'ada', 'login', 'open', 0, 5, 0, 1, 0, '\x746ca2775b3585e4cbd709947fad1a66', 1, '{}', 1767603690000000, 1767604290000000);
INSERT INTO vestibule.enrolment VALUES ('f119478658ac0eec288f4073570ddf5e', 'default', 'ada', 'recovery_codes', false, 'active', '', '{"codes": {"4SM35": "$argon2id$v=19$m=8,t=1,p=1$xGjvBgj582KW5oIybJhEVg$U1NiQchi4dkb2ldotD87ozitrhnuQ7m2gDHjEirpwFo", "08Q6Q": "$argon2id$v=19$m=8,t=1,p=1$GK+UvxPM5z8oPvWWiwPZ/w$Ol0/RUBMytV2k9n5SO7WU4/2zmexLp0kgI8TdWtUtv0", "NE82V": "$argon2id$v=19$m=8,t=1,p=1$bN4nUHhtbrMsAJU2OJQj9g$jKQoMBB64vQVuScEGuhZLiHSIQG1N1TiqjFWPoyJzO0"}, "total": 4}', '\x', 3, false, 1767603630000000, 1767603630000000, 1767603660000000, 0, 0);
INSERT INTO vestibule.enrolment VALUES ('a00c4b540353d6ca6b875839f9e705d9', 'default', 'cy', 'totp', true, 'pending', '', '{"digits": 6, "period": 30, "algorithm": "SHA1"}', '\x0100016932805c1c53254b54fe4ca2029ca74bdf0b19a0724b082dfc2adccdb423df71ee300d022d1b183e7bb1e6ec7f935a56', 1, false, 1767603660000000, NULL, NULL, 0, 0);
INSERT INTO vestibule.enrolment VALUES ('0272ee0a5008d1cc711ab52fdef7c0d5', 'default', 'ada', 'totp', true, 'active', '', '{"digits": 6, "period": 30, "algorithm": "SHA1", "step": 58920123}', '\x0100015dd3f2d9fc1092a9cd8f6ac9314e3ae415ae2894247b526c6e00e9cfcc41b3a2deb8dc7089a6a0c59cb9b07d5e4627a6', 4, false, 1767603600000000, 1767603630000000, 1767603690000000, 0, 0);
INSERT INTO vestibule.event VALUES (1, 1767603600000000, 'default', 'ada', 'enrolment_begun', '127.0.0.1', 'Werkzeug/3.1.9', '{"enrolment": "0272ee0a5008d1cc711ab52fdef7c0d5", "factor": "totp"}');
INSERT INTO vestibule.event VALUES (2, 1767603630000000, 'default', 'ada', 'answer_accepted', '127.0.0.1', 'Werkzeug/3.1.9', '{"passage": "771afd8c48bdbc6d6e5b2639a41e3426", "purpose": "enrol", "factor": "totp", "enrolment": "0272ee0a5008d1cc711ab52fdef7c0d5", "lane": "stranger"}');
INSERT INTO vestibule.event VALUES (3, 1767603630000000, 'default', 'ada', 'enrolment_confirmed', '127.0.0.1', 'Werkzeug/3.1.9', '{"enrolment": "0272ee0a5008d1cc711ab52fdef7c0d5", "factor": "totp", "first": true}');
INSERT INTO vestibule.event VALUES (4, 1767603630000000, 'default', 'ada', 'recovery_codes_made', '127.0.0.1', 'Werkzeug/3.1.9', '{"enrolment": "f119478658ac0eec288f4073570ddf5e", "count": 4}');
INSERT INTO vestibule.event VALUES (5, 1767603630000000, 'default', 'ada', 'recovery_codes_kept', '127.0.0.1', 'Werkzeug/3.1.9', '{"enrolment": "f119478658ac0eec288f4073570ddf5e", "kept": true}');
INSERT INTO vestibule.event VALUES (6, 1767603660000000, 'default', 'ada', 'login_paused', '127.0.0.1', 'Werkzeug/3.1.9', '{"passage": "db057f55f82a9fb60926f63a8e7721e8", "lane": "stranger", "kind": "browser"}');
INSERT INTO vestibule.event VALUES (7, 1767603660000000, 'default', 'ada', 'answer_accepted', '127.0.0.1', 'Werkzeug/3.1.9', '{"passage": "db057f55f82a9fb60926f63a8e7721e8", "purpose": "login", "factor": "totp", "enrolment": "0272ee0a5008d1cc711ab52fdef7c0d5", "lane": "stranger"}');
INSERT INTO vestibule.event VALUES (8, 1767603660000000, 'default', 'ada', 'passage_ended', '127.0.0.1', 'Werkzeug/3.1.9', '{"passage": "db057f55f82a9fb60926f63a8e7721e8", "why": "logout"}');
INSERT INTO vestibule.event VALUES (9, 1767603660000000, 'default', 'ada', 'login_paused', '127.0.0.1', 'Werkzeug/3.1.9', '{"passage": "b51e2bff75a213b942a369667e4265b5", "lane": "stranger", "kind": "browser"}');
INSERT INTO vestibule.event VALUES (10, 1767603660000000, 'default', 'ada', 'answer_accepted', '127.0.0.1', 'Werkzeug/3.1.9', '{"passage": "b51e2bff75a213b942a369667e4265b5", "purpose": "login", "factor": "recovery_codes", "enrolment": "f119478658ac0eec288f4073570ddf5e", "lane": "stranger"}');
INSERT INTO vestibule.event VALUES (11, 1767603660000000, 'default', 'ada', 'passage_ended', '127.0.0.1', 'Werkzeug/3.1.9', '{"passage": "b51e2bff75a213b942a369667e4265b5", "why": "logout"}');
INSERT INTO vestibule.event VALUES (12, 1767603660000000, 'default', 'cy', 'enrolment_begun', '127.0.0.1', 'Werkzeug/3.1.9', '{"enrolment": "a00c4b540353d6ca6b875839f9e705d9", "factor": "totp"}');
INSERT INTO vestibule.event VALUES (13, 1767603660000000, 'default', 'ada', 'passage_ended', '127.0.0.1', 'Werkzeug/3.1.9', '{"passage": "771afd8c48bdbc6d6e5b2639a41e3426", "why": "logout"}');
INSERT INTO vestibule.event VALUES (14, 1767603690000000, 'default', 'ada', 'login_paused', '127.0.0.1', 'Werkzeug/3.1.9', '{"passage": "3dcc5f2375aecdc4a1dd13c7e3b69f6d", "lane": "known", "kind": "browser"}');
INSERT INTO vestibule.event VALUES (15, 1767603690000000, 'default', 'ada', 'answer_accepted', '127.0.0.1', 'Werkzeug/3.1.9', '{"passage": "3dcc5f2375aecdc4a1dd13c7e3b69f6d", "purpose": "login", "factor": "totp", "enrolment": "0272ee0a5008d1cc711ab52fdef7c0d5", "lane": "known"}');
INSERT INTO vestibule.event VALUES (16, 1767603690000000, 'default', 'ada', 'login_paused', '127.0.0.1', 'Werkzeug/3.1.9', '{"passage": "db5a5108415fa51ca4bbe39dad7a3d46", "lane": "stranger", "kind": "browser"}');
INSERT INTO vestibule.installation VALUES ('5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e', 1, false, 0);
INSERT INTO vestibule.ledger VALUES ('default', 'ada', 'known', 0, 1767603600000000, 0, NULL, NULL);
INSERT INTO vestibule.ledger VALUES ('default', 'ada', 'stranger', 0, 1767603600000000, 0, NULL, NULL);
INSERT INTO vestibule.ledger VALUES ('default', 'cy', 'known', 0, 1767603660000000, 0, NULL, NULL);
INSERT INTO vestibule.ledger VALUES ('default', 'cy', 'stranger', 0, 1767603660000000, 0, NULL, NULL);
INSERT INTO vestibule.message VALUES ('0b2a11b664bdb7117334b4b3ad7c426f', 'default', 'ada', 'notice', 'enrolment_confirmed', '\x', 'en', '{"factor": "totp"}', NULL, 'queued', 0, '', 1767603630000000, 1768208430000000, 1767603630000000, NULL);
INSERT INTO vestibule.message VALUES ('f34e94ccaf5d29228ca9217e9291febf', 'default', 'ada', 'notice', 'recovery_codes_made', '\x', 'en', '{}', NULL, 'queued', 0, '', 1767603630000000, 1768208430000000, 1767603630000000, NULL);
INSERT INTO vestibule.message VALUES ('a95556f4f861bafba68748f8b13f2463', 'default', 'ada', 'notice', 'recovery_code_used', '\x', 'en', '{"factor": "recovery_codes"}', NULL, 'queued', 0, '', 1767603660000000, 1768208460000000, 1767603660000000, NULL);
INSERT INTO vestibule.passage VALUES ('db057f55f82a9fb60926f63a8e7721e8', 'default', 'ada', 'ended', 'browser', 'login', 'known', '\xb454e6c9d5a0be87d7f4efbee26a9ace669aa11840226823aa5b6ffa4bfae38e', '\xfdee430d40bd57deeac186cd9790033d0f06f909a8806e7ce6e717ab7c7d5029', '\x442ea6e68bd53bce4902aaf77e27073d82c11eb0bae910aedf82a99d3aa4d2be', '\x010001857cd0573e0f8c1295c7fe432dec67e4ec2d81f0b46a000366620dc3c478a08b', NULL, '\x010001b385f9c6942d6f69c326f18a8ed7691342d90b4edcb6ea19d701a58274b2ac2edcf269c99e647440ea1bc7dc2aa2933608748c64f78493307d3626d4bd36ad78995b46c3af918c95', true, '[["totp", "0272ee0a5008d1cc711ab52fdef7c0d5", "login", 1767603660000000]]', 1767603660000000, 1770195660000000, 1767603660000000, 1767603660000000, 1767603660000000);
INSERT INTO vestibule.passage VALUES ('b51e2bff75a213b942a369667e4265b5', 'default', 'ada', 'ended', 'browser', 'login', 'known', '\xb3516d976540dc523e75efaddc7c517aece214b1624d2a22b438b5a7ec14c27b', '\xfdee430d40bd57deeac186cd9790033d0f06f909a8806e7ce6e717ab7c7d5029', '\x65db0857131b07f07d9d0b4d6ba888b71dae429c852efd0072d18f777f86b5b6', '\x010001857cd0573e0f8c1295c7fe432dec67e4ec2d81f0b46a000366620dc3c478a08b', NULL, '\x010001ab8a609334e71e6c6a8d37be047980e3a79889af97c1759bbed17598091607194ed685f5ffdcea3fc5965fea316abaf15e320c7658d064a19e202ff8c109286cc638614cbf97cca1', true, '[["recovery_codes", "f119478658ac0eec288f4073570ddf5e", "login", 1767603660000000]]', 1767603660000000, 1770195660000000, 1767603660000000, 1767603660000000, 1767603660000000);
INSERT INTO vestibule.passage VALUES ('521fdafe08adf8752bee43bf0ddaf008', 'default', 'cy', 'pending', 'browser', 'enrol', 'stranger', '\x89e9a8a1432bb22503277ed958b13ee9396d3380d424848761e9aa3cbb7d8971', '\x3d30f595070e858a9573e432377bea27a7fb1a19aa298943e414d3c839d34783', NULL, '\x0100011d4f63096997b82081c105c81491d9e6fceb348994a2e511055cca0e48b6590c', NULL, '\x010001f753fad59e547838316731bef36703b2543de0f6cfb7558206764c97241bce23ddd2bdd50ec2f354adae0078e22f56b893dcbb1cdadd65e452daaf15d38c4ec13cec41882c5d', false, '[]', 1767603660000000, 1767604260000000, NULL, NULL, NULL);
INSERT INTO vestibule.passage VALUES ('771afd8c48bdbc6d6e5b2639a41e3426', 'default', 'ada', 'ended', 'browser', 'enrol', 'known', '\xe6992817b46c6d1d19e0f1ff042373f9f05b4d02fbc31527af7c55d686f38347', '\xfdee430d40bd57deeac186cd9790033d0f06f909a8806e7ce6e717ab7c7d5029', '\x871e3f13455609a8ef1ca30ea805d1bb1a89800e0b114cb453cb5ce1761ae7ec', '\x010001857cd0573e0f8c1295c7fe432dec67e4ec2d81f0b46a000366620dc3c478a08b', NULL, '\x010001919c21bf423feda6641f08e406e37cb2047dfd21823fd9bb1e976209369ab91d3f150100672b05533d73987a4e5c5f63bd91d75217be547837b78f19e9c45f0785d1e90fa92a0ace', false, '[["totp", "0272ee0a5008d1cc711ab52fdef7c0d5", "enrol", 1767603630000000]]', 1767603600000000, 1767690030000000, 1767603630000000, 1767603630000000, 1767603630000000);
INSERT INTO vestibule.passage VALUES ('3dcc5f2375aecdc4a1dd13c7e3b69f6d', 'default', 'ada', 'granted', 'browser', 'login', 'known', '\x0dd9c9a529272bdb253f790e08540e473f8265c8124c0b9bf8f07c9a10226a16', '\xfdee430d40bd57deeac186cd9790033d0f06f909a8806e7ce6e717ab7c7d5029', '\xe3a85246032738ca950566118e72c19274d0b94b0d699dc92edf44b0541300b5', '\x010001857cd0573e0f8c1295c7fe432dec67e4ec2d81f0b46a000366620dc3c478a08b', NULL, '\x01000123f6bd4d50cddc6b35cc28bfa7c2e3491dd57a45eb78d9b882b242060273ba70c3cc78325edf858442ea5d3b4e8ca3d0f570c7899da07bc9abb9466b98ad35cf947270226dc11fa7', true, '[["totp", "0272ee0a5008d1cc711ab52fdef7c0d5", "login", 1767603690000000]]', 1767603690000000, 1770195690000000, 1767603690000000, 1767603690000000, 1767603690000000);
INSERT INTO vestibule.passage VALUES ('db5a5108415fa51ca4bbe39dad7a3d46', 'default', 'ada', 'pending', 'browser', 'login', 'stranger', '\x2a4aab89d0274cc66ab5176d43b2f69afacbfce23c2cf4bcaff57547388a94a9', '\xfdee430d40bd57deeac186cd9790033d0f06f909a8806e7ce6e717ab7c7d5029', NULL, '\x010001857cd0573e0f8c1295c7fe432dec67e4ec2d81f0b46a000366620dc3c478a08b', '\x01000165d4a2eb8fa1f98b4dcf9c28759e9f046b1440f78611f7eec8d50c5312fe7ee4517d767fcec24a344df6a020a5aabae67e1acfb3b5fba6e865791bddbf974694b341bb95d4599b866c29cf7340d5a335095c995dd3476ecf21855ea24367dc1ec68b57fcadfa9d54b116fe3ad1ba82626184d00fb0ded241ccead100bb534f005c3baa568bebc2faec30a5930dcc319ea86e402a7496d1b337b5eaf6a8e200d0ce966253e159928d0bc2244a6c3f7af8a7fc64ed9f38367fb154c8fe4fb792567a4fdc14237d8485652cf0ea06b30c4b6ad21c50fc3bee3581f2533059b11f9e7a43abd787c5d7386d01352441c1bd658f71c849c1d3b0c4d7b8bc9db1e7a00317a4577b437465849f62f8e803422996eaad98d4edeaf73c8905866e424a3b8bbff3c49923f84985954870d7ce4001f83cc8ab076d72a952804de4497a49df901f85d40d2bf043c0bf', '\x01000160089234bda2e8fea666a7bbb3eef7d09f9201860920b1d507dc83063ff110b15706117bb3d132ffef1f8ca5b3114310f6c386f3b4479ca8d262d8410a4f6f385f3266ead4d797da', false, '[]', 1767603690000000, 1767604290000000, NULL, NULL, NULL);
INSERT INTO vestibule.vestibule_version VALUES ('0001');
SELECT pg_catalog.setval('vestibule.event_id_seq', 16, true);
ALTER TABLE ONLY vestibule.challenge
    ADD CONSTRAINT pk_challenge PRIMARY KEY (id);
ALTER TABLE ONLY vestibule.enrolment
    ADD CONSTRAINT pk_enrolment PRIMARY KEY (id);
ALTER TABLE ONLY vestibule.event
    ADD CONSTRAINT pk_event PRIMARY KEY (id);
ALTER TABLE ONLY vestibule.installation
    ADD CONSTRAINT pk_installation PRIMARY KEY (id);
ALTER TABLE ONLY vestibule.ledger
    ADD CONSTRAINT pk_ledger PRIMARY KEY (realm, subject, lane);
ALTER TABLE ONLY vestibule.message
    ADD CONSTRAINT pk_message PRIMARY KEY (id);
ALTER TABLE ONLY vestibule.passage
    ADD CONSTRAINT pk_passage PRIMARY KEY (id);
ALTER TABLE ONLY vestibule.source
    ADD CONSTRAINT pk_source PRIMARY KEY (realm, address);
ALTER TABLE ONLY vestibule.passage
    ADD CONSTRAINT uq_passage_token_hash UNIQUE (token_hash);
ALTER TABLE ONLY vestibule.vestibule_version
    ADD CONSTRAINT vestibule_version_pkc PRIMARY KEY (version_num);
CREATE INDEX ix_challenge_enrolment_id ON vestibule.challenge USING btree (enrolment_id);
CREATE INDEX ix_challenge_passage_id ON vestibule.challenge USING btree (passage_id);
CREATE INDEX ix_enrolment_realm_subject_status_is_primary ON vestibule.enrolment USING btree (realm, subject, status, is_primary);
CREATE INDEX ix_event_realm_subject_at ON vestibule.event USING btree (realm, subject, at);
CREATE INDEX ix_message_status_due_at ON vestibule.message USING btree (status, due_at);
CREATE INDEX ix_passage_browser_hash ON vestibule.passage USING btree (browser_hash) WHERE (browser_hash IS NOT NULL);
CREATE INDEX ix_passage_realm_subject ON vestibule.passage USING btree (realm, subject);
CREATE TRIGGER event_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON vestibule.event FOR EACH STATEMENT EXECUTE FUNCTION vestibule.event_is_append_only();
ALTER TABLE ONLY vestibule.challenge
    ADD CONSTRAINT fk_challenge_enrolment_id FOREIGN KEY (enrolment_id) REFERENCES vestibule.enrolment(id) ON DELETE CASCADE;
ALTER TABLE ONLY vestibule.challenge
    ADD CONSTRAINT fk_challenge_passage_id FOREIGN KEY (passage_id) REFERENCES vestibule.passage(id) ON DELETE CASCADE;
