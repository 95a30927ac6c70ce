//! What the browser sees when a step fails.

use actix_web::{
    HttpResponse, ResponseError,
    error::BlockingError,
    http::{StatusCode, header::RETRY_AFTER},
};

use crate::provider::{self, audit::codes};

/// A step that failed: logged once, here; `web::trace` puts the page around it, without detail.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The step did not run to its end.
    #[error("the work was cut short")]
    Blocking(#[source] BlockingError),
    /// The provider failed.
    #[error(transparent)]
    Provider(#[from] provider::error::Error),
    /// What was sent did not arrive in time: nothing of ours failed.
    #[error("the body did not arrive in time")]
    BodyTimeout,
    /// The database has not answered, and nobody knows what became of the step.
    #[error("the database did not answer in time")]
    StepTimeout,
    /// More is asked for than can be done in time.
    #[error("there is no room now")]
    Busy {
        /// After so many seconds there may be.
        seconds: u64,
    },
    /// The client left before its turn came: nobody reads the answer.
    #[error("the client has left")]
    ClientDisconnected,
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Provider(error) if error.is_retryable() => StatusCode::SERVICE_UNAVAILABLE,
            Self::StepTimeout | Self::Busy { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::BodyTimeout | Self::ClientDisconnected => StatusCode::REQUEST_TIMEOUT,
            Self::Blocking(_) | Self::Provider(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::BodyTimeout | Self::ClientDisconnected => tracing::debug!("{self}"),
            // The queue says so now and then.
            Self::Busy { seconds } => {
                return HttpResponse::build(self.status_code())
                    .insert_header((RETRY_AFTER, *seconds))
                    .finish();
            }
            Self::Blocking(_) | Self::Provider(_) | Self::StepTimeout => tracing::error!(
                code = codes::FAILURE,
                error = self as &dyn std::error::Error,
                "request failed"
            ),
        }
        HttpResponse::build(self.status_code()).finish()
    }
}
