"""IAM actions of Lambda's calls, where ministack takes one call for another.

The permissions that it asks for and the records of the trail go by these names.
"""

from ministack.core import iam_actions

# Operations by the part of the path behind the function's name, by method where it tells them apart.
OF_FUNCTION = {
    ("concurrency", "GET"): "GetFunctionConcurrency",
    ("concurrency", "DELETE"): "DeleteFunctionConcurrency",
    ("event-invoke-config", "GET"): "ListFunctionEventInvokeConfigs",
    ("event-invoke-config", "PUT"): "PutFunctionEventInvokeConfig",
    ("urls", "GET"): "ListFunctionUrlConfigs",
}


def install():
    """Puts the names into ministack."""
    known = iam_actions._lambda_action

    def patched(method, path):
        parts = [part for part in path.split("/") if part]
        part = parts[parts.index("functions") + 2:][:1] if "functions" in parts else []
        return OF_FUNCTION.get((*part, method)) or known(method, path)

    iam_actions._lambda_action = patched
