//! Regions that a profile may name: looking through the server's list, and finding the one that the user means.

use super::App;
use super::people::{ambiguous, first_page, next_page};
use super::text::{line, table};
use clap::Args as ClapArgs;
use teahouse_client::{Error, Kind, Result, Session};
use teahouse_proto::accounts::{ListRegionsRequest, ListRegionsResponse, Region};
use teahouse_proto::{ACCOUNTS_LIST_REGIONS, AccountsClient};

#[derive(Debug, ClapArgs)]
pub(crate) struct Regions {
    /// Part of a name, as `Hangzhou` or `杭州`. Without it: the countries, or what lies directly in `--within`.
    #[arg(default_value = "")]
    name: String,
    /// Only what lies in this region: its name or number.
    #[arg(long, value_name = "REGION")]
    within: Option<String>,
}

pub(super) async fn list(app: &App, args: Regions) -> Result<()> {
    let (session, _) = app.session().await?;
    let parent_id = match &args.within {
        Some(region) => named(&session, region).await?,
        None => 0,
    };
    let answer =
        ListRegionsResponse { regions: all(&session, parent_id, &args.name).await?, ..Default::default() };
    app.out.answer(&ACCOUNTS_LIST_REGIONS, &answer, || {
        if answer.regions.is_empty() {
            return "There is none.".to_owned();
        }
        let rows: Vec<_> = answer.regions.iter().map(|r| [r.region_id.to_string(), shown(r)]).collect();
        table(["NUMBER", "REGION"], &rows)
    })
}

fn shown(region: &Region) -> String {
    format!("{}{}", line(&region.full_name), if region.has_parts { " …" } else { "" })
}

async fn all(session: &Session, parent_id: u32, query: &str) -> Result<Vec<Region>> {
    let (mut regions, mut page) = (Vec::new(), Some(first_page()));
    while page.is_some() {
        let request = ListRegionsRequest { parent_id, query: query.to_owned(), page };
        let answer = AccountsClient(session.clone()).list_regions(request).await?;
        regions.extend(answer.regions);
        page = next_page(answer.next);
    }
    Ok(regions)
}

/// The number of the region that the user means: by number, name, or full name; 0 for nothing.
///
/// # Errors
/// `REGION_NOT_FOUND`, `NAME_AMBIGUOUS`.
pub(super) async fn named(session: &Session, region: &str) -> Result<u32> {
    let region = region.trim();
    if region.is_empty() {
        return Ok(0);
    }
    if let Ok(number) = region.parse() {
        return Ok(number);
    }
    let name = region.split(',').next().unwrap_or_default().trim();
    let request = ListRegionsRequest { query: name.to_owned(), page: Some(first_page()), parent_id: 0 };
    // The best fits come first, so what is meant is on the first page.
    meant(region, &AccountsClient(session.clone()).list_regions(request).await?.regions)
}

fn meant(region: &str, found: &[Region]) -> Result<u32> {
    let same = |name: &str| name.to_lowercase() == region.to_lowercase();
    let kinds: [&dyn Fn(&Region) -> bool; 3] =
        [&|r| same(&r.full_name), &|r| same(&r.name), &|_| !region.contains(',')];
    for kind in kinds {
        match found.iter().filter(|r| kind(r)).collect::<Vec<_>>().as_slice() {
            [] => {}
            [one] => return Ok(one.region_id),
            many => return Err(ambiguous(region, many.iter().map(|r| shown_with_number(r)))),
        }
    }
    let message = format!("There is no region “{}”. `teahouse regions` lists them.", line(region));
    Err(Error::new(Kind::NotFound, "REGION_NOT_FOUND", message))
}

fn shown_with_number(region: &Region) -> String {
    format!("{} ({})", line(&region.full_name), region.region_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_meant_by_its_name_if_no_other_has_it() {
        let region = |region_id, full_name: &str| {
            let name = full_name.split(',').next().unwrap_or_default().to_owned();
            Region { region_id, name, full_name: full_name.to_owned(), has_parts: false }
        };
        let found = [
            region(1, "York, Pennsylvania, United States"),
            region(2, "York, England, United Kingdom"),
            region(3, "New York, United States"),
        ];
        assert_eq!(meant("york, england, united kingdom", &found).unwrap(), 2);
        assert_eq!(meant("new york", &found).unwrap(), 3);
        assert_eq!(meant("杭州", &found[..1]).unwrap(), 1, "found by another name");
        let error = meant("York", &found).expect_err("two");
        assert_eq!(error.reason(), "NAME_AMBIGUOUS");
        assert!(error.message().contains("York, England, United Kingdom (2)"), "{error}");
        assert_eq!(meant("York, France", &found).expect_err("none").reason(), "REGION_NOT_FOUND");
        assert_eq!(meant("Nowhere", &[]).expect_err("none").reason(), "REGION_NOT_FOUND");
    }
}
