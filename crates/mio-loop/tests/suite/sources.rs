//! Tokens are not reused.

use std::collections::HashSet;

use mio::Token;
use mio_loop::Sources;

#[test]
fn a_stale_token_finds_nothing_in_a_place_that_was_taken_again() {
    let mut sources = Sources::with_capacity(2);
    let keeper = sources.insert(0);
    let mut seen = HashSet::from([keeper]);
    for number in 1..1_000 {
        let token = sources.insert(number);
        assert!(seen.insert(token), "{token:?} came twice");
        assert_eq!(sources.remove(token), Some(number));
        for stale in seen.iter().filter(|token| **token != keeper) {
            assert_eq!(sources.get(*stale), None);
            assert_eq!(sources.get_mut(*stale), None);
            assert_eq!(sources.remove(*stale), None);
        }
    }
    assert_eq!(sources.get(keeper), Some(&0));
    assert_eq!(sources.capacity(), 2, "the places were used again");
}

#[test]
fn any_token_may_be_asked_for() {
    let mut sources = Sources::new();
    for number in 0..3 {
        sources.insert(number);
    }
    for number in [
        0,
        1,
        2,
        3,
        usize::MAX,
        usize::MAX - 3,
        Sources::<u8>::FIRST.0 - 1,
    ] {
        assert!(!sources.contains(Token(number)));
        assert_eq!(sources.remove(Token(number)), None);
    }
    assert_eq!(sources.len(), 3);
}

#[test]
fn what_was_not_made_takes_no_place() {
    let mut sources = Sources::new();
    let mut passed = None;
    let result = sources.try_insert_with(|token| {
        passed = Some(token);
        Err::<u8, _>("refused")
    });
    assert_eq!(result, Err("refused"));
    assert!(sources.is_empty());
    let token = sources.insert(1);
    assert_ne!(Some(token), passed);
}

#[test]
fn all_can_be_walked_through_and_removed() {
    let mut sources = Sources::new();
    let tokens: Vec<_> = (0..4).map(|number| sources.insert(number)).collect();
    sources.remove(tokens[1]);
    for (_, value) in &mut sources {
        *value *= 10;
    }
    let all: Vec<_> = sources.iter().collect();
    assert_eq!(all, [(tokens[0], &0), (tokens[2], &20), (tokens[3], &30)]);
    assert_eq!(sources.iter().len(), 3);
    sources.clear();
    assert!(tokens.iter().all(|token| !sources.contains(*token)));
}
