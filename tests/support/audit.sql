-- Keeps every version of every row of postal.ip_addresses, and who made it: what a
-- test compares with what should have happened. A row's versions are numbered in
-- their order, for the number is drawn while the row is locked.

CREATE TABLE public.audit (
    n           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    who         text NOT NULL,  -- the role that logged in
    application text NOT NULL,  -- application_name: pg-apply/ and the start of its run's id
    old         jsonb,          -- NULL: the row was inserted
    new         jsonb           -- NULL: it was deleted
);

CREATE FUNCTION public.audit_row() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO public.audit (who, application, old, new)
    VALUES (session_user, current_setting('application_name'), to_jsonb(OLD), to_jsonb(NEW));
    RETURN NULL;
END
$$;

CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON postal.ip_addresses
    FOR EACH ROW EXECUTE FUNCTION public.audit_row();

-- Seconds that each changed row adds to the COMMIT of the monitor's transactions, so
-- that a test can meet one there.
CREATE TABLE public.slow_commit (seconds double precision NOT NULL);
INSERT INTO public.slow_commit VALUES (0);

CREATE FUNCTION public.commit_slowly() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF session_user = 'dnsbl_monitor' THEN
        PERFORM pg_sleep(seconds) FROM public.slow_commit WHERE seconds > 0;
    END IF;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER slow_commit AFTER UPDATE ON postal.ip_addresses
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.commit_slowly();
