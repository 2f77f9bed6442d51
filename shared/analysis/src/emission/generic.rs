//! Events of which next to nothing is known.

use super::{API_CALL, Emission, Family, Field, Fields, Identity};
use crate::bus::Bus;
use crate::few::Few;
use crate::glob::Glob;
use crate::{Certainty, Emits};
use loopguard_model::Scope;
use std::collections::BTreeSet;

/// The detail-type by which CloudTrail tells what a service did by itself, not of a call.
const SERVICE_EVENT: &str = "AWS Service Event via CloudTrail";

/// Any API call of the caller.
pub(crate) fn generic_record(identity: &Identity, scope: &Scope) -> Emission {
    let mut fields = Fields::default();
    fields.set("source", Field::Exactly(Glob::of_stars("aws.*").into()));
    fields.exactly("detail-type", API_CALL);
    fields.exactly("account", scope.account.clone());
    fields.set("replay-name", Field::Absent);
    identity.write(scope, &mut fields);
    generic(fields, Family::Record { read_only: false })
}

/// Any event of a service.
pub(crate) fn generic_native(scope: &Scope) -> Emission {
    let mut fields = Fields::default();
    fields.set("source", Field::Exactly(Glob::any().into()));
    fields.set("detail-type", Field::Exactly(Glob::any().into()));
    fields.exactly("account", scope.account.clone());
    for path in [
        "detail.userIdentity.type",
        "detail.userIdentity.arn",
        "detail.userIdentity.principalId",
        "detail.userIdentity.sessionContext.sessionIssuer.arn",
        "detail.userIdentity.sessionContext.sessionIssuer.userName",
    ] {
        fields.set(path, Field::Absent);
    }
    fields.set("detail.eventSource", Field::Absent);
    generic(fields, Family::Native)
}

/// Any event by which CloudTrail tells what a service did by itself: it shows source and name as the record of a call does.
pub(crate) fn generic_told(scope: &Scope) -> Emission {
    let mut fields = Fields::default();
    fields.set("source", Field::Exactly(Glob::of_stars("aws.*").into()));
    fields.exactly("detail-type", SERVICE_EVENT);
    fields.exactly("account", scope.account.clone());
    fields.set("detail.userIdentity.arn", Field::Absent);
    generic(fields, Family::Native)
}

fn generic(fields: Fields, family: Family) -> Emission {
    Emission {
        fields,
        granted: BTreeSet::new(),
        resources: Few::default(),
        emits: Emits { source: "".into(), detail_type: "".into(), event_name: None },
        action: "".into(),
        certainty: Certainty::Assumed,
        every_run: false,
        only_whole: false,
        bus: Bus::default_here(),
        region: None,
        family,
        note: "".into(),
    }
}
