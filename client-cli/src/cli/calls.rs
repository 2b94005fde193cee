//! Any method by name, with JSON in and out, and the list of methods.

use super::App;
use super::secret;
use super::text::table;
use futures::StreamExt as _;
use teahouse_client::{Result, schema};
use teahouse_proto::METHODS;

/// Calls a method as the profile's device, or as a stranger where the profile is not signed in. The events of a stream
/// are printed as they come.
pub(super) async fn call(app: &App, method: &str, request: String) -> Result<()> {
    let method = schema::resolve(method)?;
    let request = secret::or_stdin(request)?;
    // A mistake in the request is told before a connection is made.
    schema::request_from_json(method.request, &request)?;
    let connection = match app.profile.load()? {
        Some(_) => app.session().await?.0.connection().await?,
        None => app.stranger().await?,
    };
    if !method.streams {
        return app.out.document(&connection.call_json(method.path, &request).await?);
    }
    let mut events = connection.stream_json(method.path, &request).await?;
    while let Some(event) = events.next().await {
        app.out.document(&event?)?;
    }
    Ok(())
}

pub(super) fn methods(app: &App) -> Result<()> {
    if app.out.is_json() {
        for m in METHODS {
            let about = serde_json::json!({
                "method": m.path, "request": m.request, "response": m.response, "reads": m.reads, "streams": m.streams,
            });
            app.out.document(&about.to_string())?;
        }
        return Ok(());
    }
    let rows: Vec<_> = METHODS
        .iter()
        .map(|m| {
            let kind = if m.streams {
                "stream"
            } else if m.reads {
                "read"
            } else {
                "write"
            };
            [kind.to_owned(), m.path.to_owned()]
        })
        .collect();
    app.out.say(table(["KIND", "METHOD"], &rows))
}
