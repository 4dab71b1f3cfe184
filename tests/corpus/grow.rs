// SPDX-License-Identifier: GPL-2.0-or-later
//! Rust as it is shipped: threads, collections, a panic that is caught.
use std::collections::HashMap;
use std::thread;

#[inline(never)]
fn grow(number: usize) -> HashMap<usize, String> {
    let mut map = HashMap::new();
    for i in 0..60000 {
        map.insert(i, format!("{:>60}", i * number));
    }
    if number % 3 == 2 {
        panic!("{}", "x".repeat(1 << 20));
    }
    map
}

fn main() {
    std::panic::set_hook(Box::new(|_| {}));
    let threads: Vec<_> = (0..4)
        .map(|number| thread::spawn(move || grow(number)))
        .collect();
    let kept: usize = threads
        .into_iter()
        .map(|one| one.join().map_or(0, |map| map.len()))
        .sum();
    println!("{} {}", kept, grow(1).len());
}
