-- Runs as the administrator, without triggers: rows as the domain would have left them.
SET session_replication_role = replica;
SET synchronous_commit = off;
SET work_mem = '256MB';
SET maintenance_work_mem = '256MB';

CREATE TEMP TABLE staff AS
SELECT n, uuidv7() AS practitioner, uuidv7() AS role
FROM generate_series(1, greatest(1, %(plans)s / 300 - 1)) AS n;
INSERT INTO coordination_practitioner (id, organization_id, name, languages, version)
SELECT practitioner, %(organization)s, 'Practitioner ' || n, '["en-CA"]', 1 FROM staff;
INSERT INTO coordination_practitionerrole (id, organization_id, practitioner_id, location_id,
    discipline, college, registration_number, registered_from, services, is_active, version)
SELECT role, %(organization)s, practitioner, %(location)s,
    (ARRAY['physiotherapy', 'chiropractic', 'massage_therapy', 'kinesiology'])[n %% 4 + 1],
    'Benchmark college', 'B-' || n, '2020-01-01', '{}', true, 1 FROM staff;
INSERT INTO staff VALUES (0, %(practitioner)s, %(role)s);
CREATE UNIQUE INDEX ON staff (n);
ANALYZE staff;

CREATE TEMP TABLE seed AS
SELECT i, uuidv7() AS patient, uuidv7() AS plan, uuidv7() AS course, uuidv7() AS stay,
    uuidv7() AS member, uuidv7() AS referral, uuidv7() AS work, uuidv7() AS lane,
    now() - interval '30 days' - i * interval '1 second' AS at,
    i %% (SELECT count(*) FROM staff) AS lead, (i * 7 + 3) %% (SELECT count(*) FROM staff) AS other
FROM generate_series(1, %(plans)s) AS i;
ANALYZE seed;
CREATE TEMP TABLE led AS
SELECT seed.*, mine.role AS lead_role, theirs.role AS other_role
FROM seed JOIN staff mine ON mine.n = seed.lead
JOIN staff theirs ON theirs.n = CASE WHEN seed.other = 0 THEN seed.lead ELSE seed.other END;
ANALYZE led;

INSERT INTO coordination_patient (id, organization_id, family_name, given_name, preferred_name,
    birth_date, gender, language, email, phone, address, emergency_contact_name,
    emergency_contact_phone, emergency_contact_relationship, is_synthetic, registered_at,
    imported_digest, search_key, version)
SELECT patient, %(organization)s, initcap(family), initcap(given), '',
    date '1935-01-01' + (i::bigint * 7919 %% 27000)::integer, 'unknown', 'en-CA',
    'patient-' || i || '@continuum.example', '', i || ' Main Street', '', '', '', true, at, '',
    family || ' ' || given, 1
FROM led, LATERAL (SELECT
    (ARRAY['ber','cal','dor','fen','gal','har','kel','lor','mar','nor','pel','quin','ros','sal',
           'tre','ur','val','wen','yor','zim'])[i * 31 %% 20 + 1]
    || (ARRAY['a','e','i','o','u','an','en','in','on','ar'])[i / 20 %% 10 + 1]
    || (ARRAY['bert','dale','field','gan','land','man','mond','nell','som','ton','vale','ville',
              'well','wick','worth'])[i / 200 %% 15 + 1]
    || (ARRAY['','by','den','er','ford','ham','ing','ley','ro','stad'])[i / 3000 %% 10 + 1] AS family,
    (ARRAY['ada','ben','chloe','dmitri','esi','farah','gus','hana','ivo','jun','kai','lea','mio',
           'noor','olu','pia','rui','sam','tariq','uma','vera','wei','yara','zoe'])[i * 17 %% 24 + 1]
    || (ARRAY['','nne','lyn','bel','rik'])[i / 24 %% 5 + 1] AS given) AS names;
INSERT INTO coordination_patientword (id, organization_id, patient_id, word)
SELECT uuidv7(), organization_id, patient_id, word FROM (
    SELECT DISTINCT p.organization_id, p.id AS patient_id, w.word
    FROM coordination_patient p, LATERAL regexp_split_to_table(p.search_key, ' ') AS w (word)
) AS words;
INSERT INTO coordination_patientidentifier (id, organization_id, patient_id, kind, system, value,
    version_code, is_parked)
SELECT uuidv7(), %(organization)s, patient, 'medical_record', 'urn:continuum:benchmark',
    'MRN-' || i, '', false FROM led;
INSERT INTO coordination_careteammember (id, organization_id, patient_id, practitioner_role_id,
    role, since, ended_because)
SELECT member, %(organization)s, patient, lead_role, 'lead', at, '' FROM led;
INSERT INTO coordination_accessgrant (id, organization_id, patient_id, practitioner_role_id, basis,
    source_id, since)
SELECT uuidv7(), %(organization)s, patient, lead_role, 'membership', member, at FROM led
UNION ALL SELECT uuidv7(), %(organization)s, patient, other_role, 'referral', referral, at FROM led
WHERE lead_role <> other_role;
INSERT INTO care_plans_careplan (id, organization_id, patient_id, status, summary, opened_at,
    recorded_at, version)
SELECT plan, %(organization)s, patient, 'open', '', at, at, 1 FROM led;
INSERT INTO care_plans_course (id, organization_id, care_plan_id, patient_id, pathway_id,
    pathway_version_id, condition, note, severity, side, status, stage, key, applied_at, started_at,
    outcome, recorded_at, version)
SELECT course, %(organization)s, plan, patient, v.pathway_id, v.id, 'Condition of patient ' || i, '',
    (ARRAY['mild', 'moderate', 'severe'])[i %% 3 + 1], '', 'active',
    (ARRAY['acute', 'subacute', 'maintenance'])[i / 3 %% 3 + 1], '', at, at, '', at, 1
FROM led CROSS JOIN (SELECT id, pathway_id FROM care_plans_pathwayversion LIMIT 1) v;
INSERT INTO care_plans_stagestay (id, organization_id, course_id, stage, sequence, entered_at,
    recorded_at, expected_until, plan, standing, standing_since, checked_at, blocked_by)
SELECT stay, %(organization)s, course, (ARRAY['acute', 'subacute', 'maintenance'])[i / 3 %% 3 + 1], 1,
    at, at, at + interval '60 days', 1, (ARRAY['working', 'blocked'])[i %% 2 + 1], at, at,
    CASE i %% 2 WHEN 1 THEN ARRAY['chiropractic'] ELSE '{}' END FROM led;
INSERT INTO coordination_workitem (id, organization_id, patient_id, kind, subject_id, status,
    owner_id, opened_at, assigned_at)
SELECT work, %(organization)s, patient, 'referral', referral, 'requested',
    CASE i %% 2 WHEN 0 THEN other_role END, at, CASE i %% 2 WHEN 0 THEN at END FROM led;
INSERT INTO referrals_referral (id, organization_id, patient_id, discipline, status, priority,
    reason_code, stage, sensitivity, requested_by_id, requested_at, key, lane_id, "order",
    work_item_id, outcome, moved_at, queue_position)
SELECT referral, %(organization)s, patient, 'chiropractic', 'active', 'routine', 'stage', 'acute', '',
    lead_role, at, '', lane, 2, work, '', at, '3-' || to_char(at, 'YYYYMMDDHH24MISS') || '-' || i
FROM led;
INSERT INTO care_plans_lane (id, organization_id, course_id, discipline, needed, decided_by, reason,
    "order", practitioner_role_id, referral_id, note, version)
SELECT uuidv7(), %(organization)s, course, 'physiotherapy', 'needed', 'pathway', '', 1, lead_role,
    NULL::uuid, '', 1 FROM led
UNION ALL SELECT lane, %(organization)s, course, 'chiropractic', 'needed', 'pathway', '', 2, NULL,
    referral, '', 1 FROM led
UNION ALL SELECT uuidv7(), %(organization)s, course, 'massage_therapy', 'not_needed', 'pathway',
    'Not needed in this stage', 3, NULL, NULL, '', 1 FROM led;
