import { Migration } from "@mikro-orm/migrations";

/**
 * The three functions by which a host application changes appointments in its own transaction: docs/pushing.md. They do in the database what
 * the mutations of the same names do, with the owner's rights, for the firm that the caller's role ends with. What only they use
 * nobody else may call.
 */
export class Migration20261122001210_push_from_sql extends Migration {
  override up(): void {
    this.addSql(callingFirm + checkedContent + sentJob + replacedPush + pushedChange);
    this.addSql(createAppointment + updateAppointment + cancelAppointment);
    this.addSql(rights);
  }
}

/** With a definer's rights current_user is the owner: who calls is the role that the session has set, else its user. */
const callingFirm = `
  create function calling_firm() returns bigint language plpgsql stable set search_path = public, pg_temp as $$
  declare
    caller text := case current_setting('role') when 'none' then session_user::text else current_setting('role') end;
    firm bigint := substring(caller from '_firm_([1-9][0-9]{0,17})$')::bigint;
  begin
    if firm is null then
      raise exception 'the role % is of no firm', caller using errcode = 'insufficient_privilege';
    end if;
    return firm;
  end $$;
`;

const checkedContent = `
  create function check_appointment(title text, starts_at timestamptz, ends_at timestamptz, is_all_day boolean, time_zone text)
    returns void language plpgsql stable set search_path = public, pg_temp as $$
  begin
    if title is null or title !~ '\\S' or length(title) > 255 then
      raise exception 'title must have 1 to 255 characters and not be blank' using errcode = 'invalid_parameter_value';
    end if;
    if starts_at is null or ends_at is null or is_all_day is null
      or starts_at < '0001-01-02Z' or ends_at > '9999-12-30Z' or ends_at < starts_at then
      raise exception 'ends_at must not be before starts_at, and both must be given' using errcode = 'invalid_parameter_value';
    end if;
    if is_all_day and (ends_at = starts_at or starts_at at time zone 'UTC' <> date_trunc('day', starts_at at time zone 'UTC')
      or ends_at at time zone 'UTC' <> date_trunc('day', ends_at at time zone 'UTC')) then
      raise exception 'an all-day appointment must last from one midnight UTC to a later one' using errcode = 'invalid_parameter_value';
    end if;
    if time_zone is not null and not exists (
      select from pg_timezone_names where name = time_zone and name !~ '^(posix/|right/|posixrules|localtime|Factory)'
    ) then
      raise exception 'time_zone must be an IANA name such as Europe/Zurich' using errcode = 'invalid_parameter_value';
    end if;
  end $$;
`;

/** The row that the server's own sending writes, and the notification that wakes the workers when it is committed. */
const sentJob = `
  create function send_push_job(push sync_run, mailbox calendar_connection, not_before timestamptz) returns uuid
    language plpgsql set search_path = public, pg_temp as $$
  declare
    job_id uuid := gen_random_uuid();
    due_at timestamptz := greatest(now(), not_before);
    mailbox_hash text := encode(sha256(convert_to(mailbox.provider || ':' || lower(mailbox.account_email), 'UTF8')), 'base64');
  begin
    insert into pgboss.job (id, name, data, priority, start_after, created_on, group_id, group_tier, expire_seconds, deletion_seconds,
      keep_until, retry_limit, retry_delay, retry_backoff, retry_delay_max, policy, dead_letter, heartbeat_seconds)
    select job_id, queue.name, jsonb_build_object('firmId', push.firm_id::text, 'runId', push.id::text),
      case when push.replay_of_id is not null then 40 when push.retry_count > 0 then 10 else 20 end,
      due_at, now(), left(translate(mailbox_hash, '+/', '-_'), 22), push.firm_id::text,
      queue.expire_seconds, queue.deletion_seconds, due_at + make_interval(secs => queue.retention_seconds),
      queue.retry_limit, queue.retry_delay, queue.retry_backoff, queue.retry_delay_max, queue.policy, queue.dead_letter, queue.heartbeat_seconds
    from pgboss.queue where queue.name = 'sync';
    if due_at <= now() then
      perform pg_notify('pgboss_' || left(encode(sha224('pgboss'::bytea), 'hex'), 24), 'sync');
    end if;
    return job_id;
  end $$;
`;

/** A push that waits is cancelled, naming the one that takes its place. */
const replacedPush = `
  create function replace_push(push sync_run, replaced_by uuid) returns void language plpgsql set search_path = public, pg_temp as $$
  begin
    with failure as (
      update sync_attempt set state = 'SUPERSEDED'
      where firm_id = push.firm_id and id = push.open_failure_id and state = 'OPEN' returning error_class, max_retries_reached
    )
    update connection_statistics statistics set
      open_non_retryable = open_non_retryable - (failure.error_class = 'NON_RETRYABLE')::int,
      open_exhausted = open_exhausted - (failure.error_class <> 'NON_RETRYABLE' and failure.max_retries_reached)::int,
      open_retryable = open_retryable - (failure.error_class <> 'NON_RETRYABLE' and not failure.max_retries_reached)::int
    from failure where statistics.firm_id = push.firm_id and statistics.connection_id = push.connection_id;
    update sync_run set status = 'CANCELLED', finished_at = now(), job_id = null, next_retry_at = null, has_retry_slot = false,
      waits_for_provider = false, replay_of_id = null, open_failure_id = null
    where firm_id = push.firm_id and id = push.id;
    insert into audit_event (firm_id, event_type, event_category, severity, resource_type, resource_id, correlation_id, metadata)
    values (push.firm_id, 'calendar_sync_run_cancelled', 'calendar_sync', 'info', 'sync_run', push.id, push.correlation_id, jsonb_build_object(
      'replaced_by_correlation_id', replaced_by, 'connection_id', push.connection_id::text, 'operation', push.operation,
      'status_before', lower(push.status), 'created', push.created_count, 'updated', push.updated_count, 'cancelled', push.cancelled_count
    ));
  end $$;
`;

/**
 * Audits the change and makes sure that a push comes after it, as src/attempts/queue-push.ts does: joins one that waits, replaces an upsert
 * that waits by a cancellation, waits behind one that runs; on a connection that is stopped it is held.
 */
const pushedChange = `
  create function push_local_change(firm bigint, connection_id bigint, appointment_id bigint, event_type text, changed_fields text[], actor_id text, reason text)
    returns uuid language plpgsql set search_path = public, pg_temp as $$
  #variable_conflict use_column
  declare
    connection calendar_connection;
    appointment bigint := push_local_change.appointment_id;
    wanted text := case push_local_change.event_type when 'appointment_cancelled' then 'DELETE' else 'UPSERT' end;
    push sync_run;
    replaced sync_run;
    is_joined boolean;
    new_correlation_id uuid := gen_random_uuid();
  begin
    if length(push_local_change.reason) > 500 or length(push_local_change.actor_id) > 200 then
      raise exception 'reason must have at most 500 characters, actor_id at most 200' using errcode = 'invalid_parameter_value';
    end if;
    select * into strict connection from calendar_connection where firm_id = firm and id = push_local_change.connection_id;
    select * into push from sync_run
    where firm_id = firm and appointment_id = appointment and direction = 'PUSH' and operation = wanted and status in ('QUEUED', 'HELD')
    order by status = 'QUEUED' desc, id desc limit 1;
    is_joined := found;
    if not is_joined then
      for replaced in
        select * from sync_run where firm_id = firm and appointment_id = appointment and direction = 'PUSH' and status in ('QUEUED', 'HELD')
      loop
        perform replace_push(replaced, new_correlation_id);
      end loop;
      insert into sync_run (firm_id, correlation_id, connection_id, appointment_id, operation, direction, trigger, status, requested_by_id, reason)
      values (firm, new_correlation_id, connection.id, appointment, wanted, 'PUSH', 'LOCAL_CHANGE',
        case connection.status when 'ACTIVE' then 'QUEUED' else 'HELD' end, push_local_change.actor_id, push_local_change.reason)
      returning * into push;
    elsif push.status = 'HELD' and connection.status = 'ACTIVE' then
      update sync_run set status = 'QUEUED' where firm_id = firm and id = push.id returning * into push;
    end if;
    if push.status = 'QUEUED' and push.job_id is null and not exists (
      select from sync_run where firm_id = firm and appointment_id = appointment and direction = 'PUSH' and status = 'RUNNING'
    ) then
      update sync_run set job_id = send_push_job(push, connection, (
        select max(failure.provider_retry_at)
        from sync_run retrying
        join sync_attempt failure on failure.firm_id = retrying.firm_id and failure.id = retrying.open_failure_id
        where retrying.firm_id = firm and retrying.appointment_id = appointment and retrying.direction = 'PUSH' and retrying.status = 'RETRYING'
      )) where firm_id = firm and id = push.id;
    end if;
    insert into audit_event (firm_id, event_type, event_category, severity, actor_id, resource_type, resource_id, correlation_id, metadata)
    values (firm, push_local_change.event_type, 'appointment', 'info', push_local_change.actor_id, 'appointment', appointment, push.correlation_id,
      jsonb_build_object('connection_id', connection.id::text, 'changed_fields', changed_fields, 'reason', push_local_change.reason, 'joined', is_joined));
    return push.correlation_id;
  end $$;

  create function lock_connection_for_change(firm bigint, connection_id bigint) returns void
    language plpgsql set search_path = public, pg_temp as $$
  begin
    perform from calendar_connection
    where firm_id = firm and id = lock_connection_for_change.connection_id and erased_at is null for no key update;
    if not found then
      raise exception 'there is no connection %', lock_connection_for_change.connection_id using errcode = 'no_data_found';
    end if;
  end $$;

  -- In the order in which everybody locks: connection, runs, appointment.
  create function lock_appointment_for_change(firm bigint, appointment_id bigint) returns appointment
    language plpgsql set search_path = public, pg_temp as $$
  declare
    locked appointment;
  begin
    select * into locked from appointment where firm_id = firm and id = lock_appointment_for_change.appointment_id;
    if not found then
      raise exception 'there is no appointment %', lock_appointment_for_change.appointment_id using errcode = 'no_data_found';
    end if;
    if locked.connection_id is null then
      raise exception 'appointment % is not synced to an external calendar', locked.id using errcode = 'object_not_in_prerequisite_state';
    end if;
    perform lock_connection_for_change(firm, locked.connection_id);
    perform from sync_run
    where sync_run.firm_id = firm and sync_run.appointment_id = locked.id and direction = 'PUSH'
      and status in ('QUEUED', 'RUNNING', 'RETRYING', 'HELD')
    order by id for update;
    select * into locked from appointment where firm_id = firm and id = locked.id for update;
    if locked.status = 'CANCELLED' then
      raise exception 'appointment % is cancelled', locked.id using errcode = 'object_not_in_prerequisite_state';
    end if;
    return locked;
  end $$;
`;

const createAppointment = `
  create function create_appointment_v1(
    connection_id bigint, title text, starts_at timestamptz, ends_at timestamptz, is_all_day boolean default false, time_zone text default null,
    is_tentative boolean default false, actor_id text default null, reason text default null,
    out appointment_id bigint, out correlation_id uuid
  ) language plpgsql security definer set search_path = public, pg_temp as $$
  #variable_conflict use_variable
  declare
    firm bigint := calling_firm();
  begin
    perform lock_connection_for_change(firm, connection_id);
    perform check_appointment(title, starts_at, ends_at, is_all_day, time_zone);
    insert into appointment (firm_id, connection_id, title, status, starts_at, ends_at, is_all_day, time_zone, unpushed_fields, local_version)
    values (firm, connection_id, title, case when is_tentative then 'TENTATIVE' else 'CONFIRMED' end, starts_at, ends_at, is_all_day, time_zone,
      array['title', 'status', 'times'], 1)
    returning id into appointment_id;
    correlation_id := push_local_change(
      firm, connection_id, appointment_id, 'appointment_created', array['title', 'status', 'times'], actor_id, reason
    );
  end $$;
`;

const updateAppointment = `
  create function update_appointment_v1(
    appointment_id bigint, title text default null, starts_at timestamptz default null, ends_at timestamptz default null,
    is_all_day boolean default null, time_zone text default null, is_tentative boolean default null, actor_id text default null,
    reason text default null
  ) returns uuid language plpgsql security definer set search_path = public, pg_temp as $$
  #variable_conflict use_variable
  declare
    firm bigint := calling_firm();
    current appointment;
    fields text[] := array_remove(array[
      case when title is not null then 'title' end, case when is_tentative is not null then 'status' end,
      case when num_nonnulls(starts_at, ends_at, is_all_day, time_zone) > 0 then 'times' end
    ], null);
  begin
    if fields = '{}' then
      raise exception 'nothing is to be changed' using errcode = 'invalid_parameter_value';
    end if;
    current := lock_appointment_for_change(firm, appointment_id);
    title := coalesce(title, current.title);
    starts_at := coalesce(starts_at, current.starts_at);
    ends_at := coalesce(ends_at, current.ends_at);
    is_all_day := coalesce(is_all_day, current.is_all_day);
    perform check_appointment(title, starts_at, ends_at, is_all_day, time_zone);
    update appointment a set title = update_appointment_v1.title, starts_at = update_appointment_v1.starts_at,
      ends_at = update_appointment_v1.ends_at, is_all_day = update_appointment_v1.is_all_day,
      time_zone = coalesce(update_appointment_v1.time_zone, a.time_zone),
      status = case is_tentative when true then 'TENTATIVE' when false then 'CONFIRMED' else a.status end, local_version = a.local_version + 1,
      unpushed_fields = (select array_agg(distinct field order by field) from unnest(a.unpushed_fields || fields) as field)
    where a.firm_id = firm and a.id = current.id;
    return push_local_change(firm, current.connection_id, current.id, 'appointment_updated', fields, actor_id, reason);
  end $$;
`;

const cancelAppointment = `
  create function cancel_appointment_v1(appointment_id bigint, actor_id text default null, reason text default null)
    returns uuid language plpgsql security definer set search_path = public, pg_temp as $$
  #variable_conflict use_variable
  declare
    firm bigint := calling_firm();
    current appointment;
  begin
    current := lock_appointment_for_change(firm, appointment_id);
    update appointment a set status = 'CANCELLED', status_reason = 'CANCELLED_HERE', local_version = a.local_version + 1,
      unpushed_fields = array['status']
    where a.firm_id = firm and a.id = current.id;
    return push_local_change(firm, current.connection_id, current.id, 'appointment_cancelled', array['status'], actor_id, reason);
  end $$;
`;

const rights = `
  revoke execute on function calling_firm, check_appointment, send_push_job, replace_push, push_local_change, lock_connection_for_change,
    lock_appointment_for_change, create_appointment_v1, update_appointment_v1, cancel_appointment_v1 from public;
`;
