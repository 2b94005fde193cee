//! Where people may say that they are of: a bundled list of countries, provinces and cities (GeoNames), which is fixed with
//! the program. It knows names and what lies in what, and no position: a region is picked, never made from where somebody is.

#[cfg(test)]
mod tests;

use crate::error::{Error, Result};
use crate::id::AccountId;
use crate::seal::Seal;
use crate::store::key::Key;
use crate::text;
use std::collections::HashMap;
use std::sync::LazyLock;
use teahouse_proto::accounts::{ListRegionsRequest, ListRegionsResponse, Region};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The list; `tools/regions.py` says what is in it and makes it.
static TABLE: &str = include_str!("table.tsv");
static REGIONS: LazyLock<Regions> =
    LazyLock::new(|| Regions::read(TABLE).expect("a test reads the table that is compiled in"));

/// Under this name cursors are sealed.
const CURSOR: &str = "accounts.regions";
/// Regions on a page at most, and where the caller names no number.
const PAGE_MAX: usize = 100;
/// Graphemes of the longest query that is looked for: no name is longer.
const QUERY_MAX: usize = 80;

/// How well a name fits a query; a better one is smaller.
type Fit = u8;
const WHOLE_NAME: Fit = 0;
const BEGINS: Fit = 1;
const WITHIN: Fit = 2;

/// A place in a list: how well it fits, then the place in the table.
type Place = (Fit, u32);

/// A region as it stands in the table.
#[derive(Debug)]
struct Entry {
    id: u32,
    name: &'static str,
    /// All names as they are looked for.
    folded: Vec<String>,
    /// The place of the region that it lies in.
    parent: Option<u32>,
    /// The place behind the last region that lies in it.
    end: u32,
}

/// The table, in which a region stands before those that lie in it.
#[derive(Debug)]
struct Regions {
    entries: Vec<Entry>,
    places: HashMap<u32, u32>,
}

/// The full name of a region, "Hangzhou, Zhejiang, China". What lies in its namesake is said once: "Beijing, China". Empty
/// for 0 and for what is not in the table.
pub(super) fn full_name(id: u32) -> String {
    REGIONS.places.get(&id).map_or_else(String::new, |place| REGIONS.full_name(*place))
}

/// A region that somebody wants to say; 0 for none. Errors: `REGION_NOT_FOUND`.
pub(super) fn to_say(id: u32) -> Result<u32> {
    if id == 0 || REGIONS.places.contains_key(&id) { Ok(id) } else { Err(not_found()) }
}

/// A page of regions. Errors: `REGION_NOT_FOUND`, `CURSOR_INVALID`.
pub(super) fn list(seal: &Seal, me: AccountId, request: ListRegionsRequest) -> Result<ListRegionsResponse> {
    let parent = match request.parent_id {
        0 => None,
        id => Some(*REGIONS.places.get(&id).ok_or_else(not_found)?),
    };
    let query = request.query.trim();
    if !text::within(query, QUERY_MAX) {
        return Ok(ListRegionsResponse::default());
    }
    let query = fold(query);
    let page = request.page.unwrap_or_default();
    let limit = if page.limit == 0 { PAGE_MAX } else { PAGE_MAX.min(page.limit as usize) };
    let context = (me, u64::from(request.parent_id), query.clone()).to_bytes();
    let after = if page.cursor.is_empty() { None } else { Some(read(seal, &context, &page.cursor)?) };
    let found = REGIONS.find(parent, &query, after, limit + 1);
    let next = match found.get(limit) {
        Some(_) => seal.seal(CURSOR, &context, &encode(found[limit - 1])).into(),
        None => bytes::Bytes::new(),
    };
    let regions = found.iter().take(limit).map(|(_, place)| REGIONS.shown(*place)).collect();
    Ok(ListRegionsResponse { regions, next })
}

fn encode((fit, place): Place) -> [u8; 5] {
    let [a, b, c, d] = place.to_be_bytes();
    [fit, a, b, c, d]
}

fn read(seal: &Seal, context: &[u8], cursor: &[u8]) -> Result<Place> {
    let plain = seal.open(CURSOR, context, cursor).and_then(|plain| <[u8; 5]>::try_from(plain).ok());
    let [fit, a, b, c, d] = plain.ok_or_else(|| {
        Error::invalid("CURSOR_INVALID", "This cursor is not one of this list. Begin with the first page.")
    })?;
    Ok((fit, u32::from_be_bytes([a, b, c, d])))
}

fn not_found() -> Error {
    Error::not_found("REGION_NOT_FOUND", "There is no such region. ListRegions shows those that there are.")
}

/// A name or query as both are compared: small letters without marks.
fn fold(name: &str) -> String {
    name.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

impl Regions {
    /// From a table of the form that `tools/regions.py` makes; `None` for anything else.
    fn read(table: &'static str) -> Option<Self> {
        let mut regions = Self { entries: Vec::new(), places: HashMap::new() };
        let mut above: Vec<u32> = Vec::new();
        for line in table.lines() {
            let fields = line.trim_start_matches('\t');
            let depth = line.len() - fields.len();
            if depth > above.len() {
                return None;
            }
            regions.close(&mut above, depth);
            let mut fields = fields.split('\t');
            let (id, name) = (fields.next()?.parse().ok()?, fields.next()?);
            let folded = std::iter::once(name).chain(fields).map(fold).collect();
            let place = u32::try_from(regions.entries.len()).ok()?;
            let parent = above.last().copied();
            regions.entries.push(Entry { id, name, folded, parent, end: place + 1 });
            if id == 0 || regions.places.insert(id, place).is_some() {
                return None;
            }
            above.push(place);
        }
        regions.close(&mut above, 0);
        Some(regions)
    }

    /// The regions deeper than `depth` have all that lies in them.
    fn close(&mut self, above: &mut Vec<u32>, depth: usize) {
        let end = self.entries.len() as u32;
        for place in above.drain(depth..) {
            self.entries[place as usize].end = end;
        }
    }

    /// What lies in a region and fits a query (an empty one: what lies directly in it), behind a place, the best first.
    fn find(&self, parent: Option<u32>, query: &str, after: Option<Place>, limit: usize) -> Vec<Place> {
        let (first, end) = match parent {
            Some(place) => (place + 1, self.entries[place as usize].end),
            None => (0, self.entries.len() as u32),
        };
        let mut found = Vec::new();
        let mut place = first;
        while place < end {
            let entry = &self.entries[place as usize];
            let fit = if query.is_empty() { Some(WHOLE_NAME) } else { entry.fit(query) };
            found
                .extend(fit.map(|fit| (fit, place)).filter(|place| after.is_none_or(|after| *place > after)));
            place = if query.is_empty() { entry.end } else { place + 1 };
        }
        found.sort_unstable();
        found.truncate(limit);
        found
    }

    fn full_name(&self, place: u32) -> String {
        let mut names: Vec<&str> = Vec::new();
        let mut next = Some(place);
        while let Some(place) = next {
            let entry = &self.entries[place as usize];
            names.push(entry.name);
            next = entry.parent;
        }
        names.dedup();
        names.join(", ")
    }

    fn shown(&self, place: u32) -> Region {
        let entry = &self.entries[place as usize];
        Region {
            region_id: entry.id,
            name: entry.name.to_owned(),
            full_name: self.full_name(place),
            has_parts: entry.end > place + 1,
        }
    }
}

impl Entry {
    fn fit(&self, query: &str) -> Option<Fit> {
        let fit = |name: &String| match name.find(query)? {
            0 if name.len() == query.len() => Some(WHOLE_NAME),
            0 => Some(BEGINS),
            _ => Some(WITHIN),
        };
        self.folded.iter().filter_map(fit).min()
    }
}
