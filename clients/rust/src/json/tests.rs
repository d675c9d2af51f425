use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;

use super::{from_value, to_struct, to_value};

#[derive(Serialize)]
enum Shape {
    Point,
    Circle(f64),
    Line(u8, u8),
    Box { side: u64 },
}

fn refusal<T: Serialize>(json: T) -> String {
    to_value(&json, "payload").expect_err("it should be refused").to_string()
}

#[test]
fn what_is_sent_comes_back_as_it_was() {
    let sent =
        json!({"null": null, "yes": true, "int": -7, "half": 0.5, "list": [1, [], {}], "text": "é\u{1F600}"});
    assert_eq!(from_value(to_value(&sent, "payload").unwrap()), sent);
}

#[test]
fn a_number_that_is_integral_comes_back_as_an_integer() {
    assert!(from_value(to_value(&3.0, "payload").unwrap()).is_i64());
    assert_eq!(
        from_value(to_value(&9_007_199_254_740_992_u64, "payload").unwrap()),
        json!(9_007_199_254_740_992_u64)
    );
    assert!(from_value(to_value(&1e300, "payload").unwrap()).is_f64());
}

#[test]
fn types_with_serialize_are_sent_as_serde_json_has_them() {
    let shapes = [Shape::Point, Shape::Circle(1.5), Shape::Line(1, 2), Shape::Box { side: 3 }];
    let sent = from_value(to_value(&shapes, "payload").unwrap());
    assert_eq!(sent, serde_json::to_value(&shapes).unwrap());
    let numbered = BTreeMap::from([(1, Some('a')), (2, None)]);
    assert_eq!(from_value(to_value(&numbered, "payload").unwrap()), json!({"1": "a", "2": null}));
}

#[test]
fn an_integer_beyond_two_to_the_53_is_refused_with_its_path() {
    let sent = json!({"items": [1, 2, {"n": 9_007_199_254_740_993_u64}]});
    assert_eq!(
        refusal(sent),
        "payload.items[2].n is an integer beyond 2**53, which JSON numbers cannot hold exactly."
    );
    assert!(refusal(Shape::Box { side: u64::MAX }).starts_with("payload.Box.side is "));
    assert!(refusal(i64::MIN).starts_with("payload is "));
    assert!(refusal(u128::MAX).starts_with("payload is "));
}

#[test]
fn numbers_that_json_does_not_have_are_refused_with_their_path() {
    assert_eq!(refusal([1.0, f64::NAN]), "payload[1] is NaN, which JSON does not have.");
    assert_eq!(refusal(Shape::Circle(f64::INFINITY)), "payload.Circle is inf, which JSON does not have.");
    assert_eq!(refusal(f32::NEG_INFINITY), "payload is -inf, which JSON does not have.");
}

#[test]
fn thirty_levels_are_taken_and_one_more_is_refused() {
    let nested = |levels: usize| (0..levels).fold(json!(1), |inside, _| json!([inside]));
    assert!(to_value(&nested(30), "payload").is_ok());
    assert_eq!(refusal(nested(31)), format!("payload{} is nested deeper than 30 levels.", "[0]".repeat(30)));
}

#[test]
fn what_is_no_object_is_refused_where_one_is_needed() {
    assert!(to_struct(&json!({"a": 1}), "metadata").is_ok());
    assert_eq!(
        to_struct(&json!([1]), "metadata").unwrap_err().to_string(),
        "metadata must be a JSON object."
    );
    assert_eq!(refusal(BTreeMap::from([([1, 2], 3)])), "payload has a key that is no text.");
}
