//! Which answer a request gets, and which fault changes it.

use super::authority::Authority;
use super::fault::{Endpoint, EndpointFault, Moment};
use super::http::Request;
use super::response::{Delivery, OAuthError, Response};

impl Authority {
    /// The answer to a request, which has its effect.
    pub(super) fn respond(&self, request: &Request) -> Response {
        let Some(endpoint) = Endpoint::at(&request.path) else {
            return Response::html(404, "Not found", "<p>There is no such page.</p>");
        };
        *self.state().requests.entry(endpoint).or_default() += 1;
        tracing::debug!(target: "pilotfish::testing", ?endpoint, "request");
        if let Some(fault) = self.faults.take(endpoint, Moment::Before) {
            return instead(fault);
        }
        let response = self.answer(endpoint, request);
        let redirect = response.to_client.is_some();
        match self.faults.take(endpoint, Moment::After { redirect }) {
            Some(fault) => changed(response, fault),
            None => response,
        }
    }

    fn answer(&self, endpoint: Endpoint, request: &Request) -> Response {
        let allowed: &[&str] = match endpoint {
            Endpoint::Metadata | Endpoint::Jwks => &["GET"],
            Endpoint::Authorization | Endpoint::Verification => &["GET", "POST"],
            Endpoint::Token | Endpoint::DeviceAuthorization | Endpoint::Revocation => &["POST"],
        };
        if !allowed.contains(&request.method.as_str()) {
            self.violation(format!(
                "{} at {} (RFC 6749, section 3.2)",
                request.method,
                endpoint.path()
            ));
            return Response::empty(405).field("Allow", allowed.join(", "));
        }
        let outcome = match self.check_form(endpoint, request) {
            Err(error) => Err(error),
            Ok(()) => match endpoint {
                Endpoint::Metadata => Ok(self.metadata()),
                Endpoint::Jwks => Ok(self.jwks()),
                Endpoint::Authorization => Ok(self.authorize(request)),
                Endpoint::Verification => Ok(self.verification(request)),
                Endpoint::Token => self.token(request),
                Endpoint::DeviceAuthorization => self.begin_device(request),
                Endpoint::Revocation => self.revocation(request),
            },
        };
        outcome.unwrap_or_else(|error| error.response())
    }

    /// Checks the form of a request by a client, and the query of one by a browser.
    fn check_form(&self, endpoint: Endpoint, request: &Request) -> Result<(), OAuthError> {
        let by_client = matches!(
            endpoint,
            Endpoint::Token | Endpoint::DeviceAuthorization | Endpoint::Revocation
        );
        let fields = if by_client {
            &request.form
        } else {
            &request.query
        };
        let wrong = if by_client && !request.is_form {
            "a request that is not a form (RFC 6749, section 3.2)".to_owned()
        } else if by_client && !request.query.is_empty() {
            "fields in the address of the request (RFC 6749, section 2.3.1)".to_owned()
        } else if let Some(name) = fields.repeated() {
            format!("the field {name:?} twice (RFC 6749, section 3.1)")
        } else {
            return Ok(());
        };
        self.violation(format!("{}: {wrong}", endpoint.path()));
        Err(OAuthError::new("invalid_request", &wrong))
    }
}

/// The answer of a fault that leaves the request without effect.
fn instead(fault: EndpointFault) -> Response {
    match fault {
        EndpointFault::Error {
            status,
            code,
            description,
        } => OAuthError {
            status,
            code,
            description,
        }
        .response(),
        EndpointFault::HtmlPage { status } => {
            let text = "<p>The upstream server did not answer.</p>";
            Response::html(status, "Bad gateway", text)
        }
        EndpointFault::Status {
            status,
            retry_after,
        } => {
            let response = Response::empty(status);
            match retry_after {
                Some(seconds) => response.field("Retry-After", seconds.to_string()),
                None => response,
            }
        }
        EndpointFault::Redirect(location) => Response::redirect(location),
        // The others change an answer.
        fault => changed(Response::empty(200), fault),
    }
}

/// The answer with a fault in it.
fn changed(mut response: Response, fault: EndpointFault) -> Response {
    let to_client = response.to_client.take();
    match fault {
        EndpointFault::ContentType(content_type) => response.content_type = content_type,
        EndpointFault::MalformedJson => _ = response.body.pop(),
        EndpointFault::Silence => response.delivery = Delivery::Never,
        EndpointFault::Slow(pause) => response.delivery = Delivery::Slow(pause),
        EndpointFault::Cut => response.delivery = Delivery::Half,
        EndpointFault::Endless => response.delivery = Delivery::Endless,
        EndpointFault::Error {
            code, description, ..
        } if let Some(client) = to_client => {
            response = OAuthError::new(&code, &description).redirect(client);
        }
        EndpointFault::WrongState if let Some(mut client) = to_client => {
            client.state = Some("state-of-another-login".to_owned());
            response = Response::to_client(client);
        }
        EndpointFault::WrongIssuer if let Some(mut client) = to_client => {
            "https://another.example.org".clone_into(&mut client.issuer);
            response = Response::to_client(client);
        }
        EndpointFault::WrongRedirect(address) => {
            response = Response::redirect(address);
        }
        _ => {}
    }
    response
}
