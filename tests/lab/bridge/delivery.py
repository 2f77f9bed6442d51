"""Deliveries of EventBridge that are API calls themselves, made in the name of the target's role.

ministack starts a state machine without a role and without a record, and does not run ECS tasks for rules.
Here both are calls of the target's role: allowed by its policies or denied, and recorded either way.
Functions it runs; that they ran is counted here, in Lambda's own metric.
"""

import contextvars
import json
import logging
import threading

from ministack.core.arn import ArnParseError, parse_arn
from ministack.core.iam_evaluator import EvalContext, evaluate
from ministack.core.iam_evaluator import _conditions_met, _gather_role_policies, _service_principal_matches
from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import cloudwatch, ecs, eventbridge, lambda_svc, stepfunctions

import bus
import trail

SERVICE = "events.amazonaws.com"

log = logging.getLogger("lab")
_current = contextvars.ContextVar("lab_delivery")


def install():
    """Puts the bridge's deliveries into ministack."""
    invoke = eventbridge._invoke_target

    def patched(target, event, rule, view=None):
        token = _current.set((target, event, rule))
        try:
            if service_of(target.get("Arn", "")) == "ecs":
                run_task(target, rule)
            else:
                invoke(target, event, rule, view)
        finally:
            _current.reset(token)

    eventbridge._invoke_target = patched
    eventbridge._dispatch_to_lambda = run_function
    eventbridge._dispatch_to_stepfunctions = start_execution


def service_of(arn):
    """Returns the service part of an ARN, or an empty string."""
    try:
        return parse_arn(arn).service
    except ArnParseError:
        return ""


def run_function(arn, payload):
    """Runs the function of a target; a run that was not throttled is counted."""
    function, config, name = lambda_svc._get_func_record_for_ref(arn)
    if not function or not config:
        log.warning("no function %s", name)
        return
    record = lambda_svc._execution_record_for_config(function, config)

    def run():
        result = lambda_svc._execute_function(record, json.loads(payload))
        if not result.get("throttle"):
            cloudwatch.record_metric("AWS/Lambda", "Invocations", 1, "Count", {"FunctionName": name})

    threading.Thread(target=lambda_svc._run_with_function_config_scope, args=(record, run), daemon=True).start()


def start_execution(arn, payload):
    """Starts the state machine of the target that is being invoked."""
    target, event, rule = _current.get()
    parameters = {"stateMachineArn": arn, "input": payload, "name": f"{event['EventId']}_{new_uuid()}"}
    call(target, rule, "states", "StartExecution", arn, parameters, stepfunctions._start_execution)


def run_task(target, rule):
    """Runs the ECS task of the target; a constant input of the target is the overrides, as on AWS."""
    settings = target.get("EcsParameters") or {}
    parameters = {
        "cluster": target["Arn"],
        "taskDefinition": settings.get("TaskDefinitionArn", ""),
        "count": settings.get("TaskCount", 1),
        "startedBy": f"events-rule/{rule['Name']}",
    }
    for name in ("LaunchType", "Group", "PlatformVersion", "PropagateTags"):
        if name in settings:
            parameters[name[:1].lower() + name[1:]] = settings[name]
    if target.get("Input"):
        parameters["overrides"] = json.loads(target["Input"])
    call(target, rule, "ecs", "RunTask", parameters["taskDefinition"], parameters, ecs._run_task)


def call(target, rule, service, name, resource, parameters, perform):
    """Makes one call as the role of a target, and brings its record to the bus."""
    identity = assume(target.get("RoleArn") or "", rule)
    if identity is None:
        bus.counts_of(rule)["failed"] += 1
        log.warning("rule %s: no role that %s may assume on target %s", rule["Name"], SERVICE, target.get("Arn"))
        return
    answer, error = None, denial(identity, service, name, resource)
    if error is None:
        status, headers, body = perform(parameters)[:3]
        answer, error = json.loads(body), trail._error(status, headers, body)
    else:
        parameters = None
    if error:
        bus.counts_of(rule)["failed"] += 1
    bus.publish_call(trail.record(
        service, name, identity, parameters, response=answer, error=error, address=SERVICE, agent=SERVICE))


def trusts(role, rule):
    """Whether the trust policy of a role lets EventBridge assume it for a rule.

    ministack's own check of trust policies does not know service principals.
    """
    context = EvalContext(
        principal_arn=SERVICE,
        principal_type="AWSService",
        principal_account=get_account_id(),
        action="sts:AssumeRole",
        resource_arn=role["Arn"],
        region=get_region(),
        service_context={"aws:sourcearn": rule["Arn"], "aws:sourceaccount": get_account_id()},
    )
    policy = role.get("AssumeRolePolicyDocument") or "{}"
    statements = (json.loads(policy) if isinstance(policy, str) else policy).get("Statement", [])
    effects = {
        statement.get("Effect")
        for statement in (statements if isinstance(statements, list) else [statements])
        if _service_principal_matches(statement.get("Principal"), SERVICE)
        and _conditions_met(statement.get("Condition") or {}, context)
    }
    return effects == {"Allow"}


def assume(role_arn, rule):
    """Returns the identity of a new session of the role, or None where EventBridge may not assume it."""
    account, role_name = get_account_id(), role_arn.rsplit("/", 1)[-1]
    role = trail.role_of(role_name, account)
    if role is None or not trusts(role, rule):
        return None
    session = new_uuid().replace("-", "")
    return {
        "type": "AssumedRole",
        "principalId": f"{role['RoleId']}:{session}",
        "arn": f"arn:aws:sts::{account}:assumed-role/{role_name}/{session}",
        "accountId": account,
        "accessKeyId": "ASIA" + session[:16].upper(),
        "sessionContext": trail.session_context(role_name, account),
        "invokedBy": SERVICE,
    }


def denial(identity, service, name, resource):
    """Returns code and message where the policies of the role do not allow the call, else None."""
    account, role_name = identity["accountId"], identity["arn"].split("/")[1]
    context = EvalContext(
        principal_arn=identity["arn"],
        principal_type="AssumedRole",
        principal_account=account,
        action=f"{service}:{name}",
        resource_arn=resource,
        region=get_region(),
    )
    if evaluate(context, _gather_role_policies(role_name, account)).decision == "Allow":
        return None
    return "AccessDenied", f"User: {identity['arn']} is not authorized to perform: {service}:{name} on {resource}"
