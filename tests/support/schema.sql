-- What an operator runs once on Postal's database before the monitor's first
-- run: three columns, and a role that can do no more than the monitor needs.
-- Running it again changes nothing.
--
--     psql -d postal -v ON_ERROR_STOP=1 -f schema.sql
--     psql -d postal -c '\password dnsbl_monitor'
--
-- The monitor itself never creates or alters anything.

BEGIN;

-- Columns with no default and no constraint: the table is not rewritten, and
-- the exclusive lock is held for an instant only.
SET LOCAL lock_timeout = '5s';

ALTER TABLE postal.ip_addresses
    ADD COLUMN IF NOT EXISTS "oldPriority"   integer,  -- priority before the listing; NULL: not listed
    ADD COLUMN IF NOT EXISTS "blockingLists" text,     -- zones that list it, sorted, by commas; NULL or '': none
    ADD COLUMN IF NOT EXISTS "lastEvent"     text;     -- the last change the monitor made, in words

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'dnsbl_monitor') THEN
        CREATE ROLE dnsbl_monitor LOGIN
            NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION NOBYPASSRLS;
    END IF;
END
$$;

-- It reads the table and updates four columns of it. It cannot insert, delete
-- or touch an address, a host name or a pool.
GRANT USAGE ON SCHEMA postal TO dnsbl_monitor;
GRANT SELECT ON postal.ip_addresses TO dnsbl_monitor;
GRANT UPDATE (priority, "oldPriority", "blockingLists", "lastEvent")
    ON postal.ip_addresses TO dnsbl_monitor;

COMMIT;
