//! The list of regions as callers see it, and the table that comes with the program.

use super::*;
use crate::random::Random;
use teahouse_proto::common::PageRequest;

const ANNA: AccountId = AccountId(1);
const CHINA: u32 = 1_814_991;
const ZHEJIANG: u32 = 1_784_764;
const HANGZHOU: u32 = 1_808_926;

fn seal() -> Seal {
    Seal::new(&[1; 32], Random::seeded(1))
}

fn asked(parent_id: u32, query: &str) -> ListRegionsRequest {
    ListRegionsRequest { parent_id, query: query.to_owned(), page: None }
}

fn names(parent_id: u32, query: &str) -> Vec<String> {
    let answer = list(&seal(), ANNA, asked(parent_id, query)).unwrap();
    answer.regions.into_iter().map(|region| region.full_name).collect()
}

/// All pages of a list.
fn walk(seal: &Seal, mut request: ListRegionsRequest, limit: u32) -> Vec<Region> {
    let mut all = Vec::new();
    loop {
        let page = list(seal, ANNA, request.clone()).unwrap();
        assert!(page.regions.len() <= PAGE_MAX.min(limit as usize));
        all.extend(page.regions);
        if page.next.is_empty() {
            return all;
        }
        request.page = Some(PageRequest { limit, cursor: page.next });
    }
}

#[test]
fn the_table_is_whole() {
    let regions = Regions::read(TABLE).expect("it can be read");
    assert!((10_000..20_000).contains(&regions.entries.len()), "{}", regions.entries.len());
    assert!(regions.entries.iter().all(|e| e.folded.iter().all(|name| !name.is_empty())));
    let longest = (0..regions.entries.len()).map(|place| regions.full_name(place as u32).len()).max();
    assert!(longest < Some(120), "{longest:?}");
    for bad in ["x\tChina", "1", "\t1\tChina", "1\tA\n\t\t2\tB", "1\tA\n1\tB", "0\tA"] {
        assert!(Regions::read(bad).is_none(), "{bad}");
    }
}

#[test]
fn a_region_is_said_with_what_it_lies_in() {
    assert_eq!(full_name(HANGZHOU), "Hangzhou, Zhejiang, China");
    assert_eq!(full_name(ZHEJIANG), "Zhejiang, China");
    assert_eq!(full_name(1_816_670), "Beijing, China", "a namesake is said once");
    assert_eq!((full_name(0), full_name(7)), (String::new(), String::new()));
    assert_eq!((to_say(0).unwrap(), to_say(CHINA).unwrap()), (0, CHINA));
    assert_eq!(to_say(7).unwrap_err().reason(), "REGION_NOT_FOUND");
}

#[test]
fn regions_are_browsed_from_the_countries_down() {
    let countries = walk(&seal(), asked(0, ""), 100);
    assert!((240..260).contains(&countries.len()), "{}", countries.len());
    let china = countries.iter().find(|region| region.name == "China").unwrap();
    assert_eq!((china.region_id, china.has_parts), (CHINA, true));
    let provinces = walk(&seal(), asked(CHINA, ""), 100);
    assert!(provinces.iter().any(|region| region.region_id == ZHEJIANG && region.has_parts));
    assert!(provinces.iter().all(|region| region.full_name.ends_with(", China")));
    let cities = walk(&seal(), asked(ZHEJIANG, ""), 100);
    assert!(cities.iter().any(|region| region.region_id == HANGZHOU && !region.has_parts));
    assert!(walk(&seal(), asked(HANGZHOU, ""), 100).is_empty());
    assert_eq!(list(&seal(), ANNA, asked(7, "")).unwrap_err().reason(), "REGION_NOT_FOUND");
}

#[test]
fn regions_are_found_by_parts_of_their_names_exact_ones_first() {
    assert_eq!(names(0, "hangzhou")[0], "Hangzhou, Zhejiang, China", "before Changzhou");
    assert_eq!(names(0, " 杭州 "), ["Hangzhou, Zhejiang, China"]);
    let sao = names(0, "SAO PAULO");
    assert_eq!(sao[0], "São Paulo, Brazil");
    let york = names(0, "york");
    let exact = york.iter().filter(|name| name.starts_with("York,")).count();
    assert!(exact > 0 && york[..exact].iter().all(|name| name.starts_with("York,")), "{york:?}");
    assert!(york.contains(&"New York City, New York, United States".to_owned()), "{york:?}");
    assert!(names(CHINA, "york").is_empty(), "only what lies in the parent");
    assert!(names(0, "nowhere at all").is_empty() && names(0, &"x".repeat(100_000)).is_empty());
}

#[test]
fn pages_join_without_gaps_and_belong_to_one_list_of_one_person() {
    let seal = seal();
    for (parent, query) in [(0, "san"), (CHINA, "")] {
        let whole: Vec<u32> =
            walk(&seal, asked(parent, query), 100).iter().map(|region| region.region_id).collect();
        let first = ListRegionsRequest {
            page: Some(PageRequest { limit: 7, cursor: bytes::Bytes::new() }),
            ..asked(parent, query)
        };
        let parts: Vec<u32> = walk(&seal, first, 7).iter().map(|region| region.region_id).collect();
        assert!(whole.len() > 14 && whole == parts);
    }
    let next = list(&seal, ANNA, asked(0, "san")).unwrap().next;
    let again = |me, request: ListRegionsRequest| {
        let page = Some(PageRequest { limit: 0, cursor: next.clone() });
        list(&seal, me, ListRegionsRequest { page, ..request }).map(|_| ()).map_err(|e| e.reason())
    };
    assert_eq!(again(ANNA, asked(0, "san")), Ok(()));
    assert_eq!(again(AccountId(2), asked(0, "san")), Err("CURSOR_INVALID"));
    assert_eq!(again(ANNA, asked(0, "sao")), Err("CURSOR_INVALID"));
    assert_eq!(again(ANNA, asked(CHINA, "san")), Err("CURSOR_INVALID"));
}
