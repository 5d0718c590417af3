//! Which leaked blocks hold which: strongly connected components, and what nothing holds.

use super::found::Found;

/// Leaked blocks as a graph; nodes by their numbers in [`Found::leaked`].
#[derive(Debug)]
pub(super) struct Graph<'a> {
    found: &'a Found,
    /// The component of each.
    component: Vec<u32>,
}

/// Blocks with the offsets of the pointers that lead to them; what the last one points to of these, and where.
pub(super) type Way = (Vec<(u32, usize)>, Option<(usize, usize)>);

/// What nothing else that leaked holds: a block, or blocks that hold each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leak {
    /// The blocks of the component, ascending.
    pub(super) roots: Vec<u32>,
    /// They hold each other, or the only one holds itself.
    pub(super) cycle: bool,
    /// All that can be reached from there and was not reached from an earlier leak, these among them.
    pub(super) blocks: u64,
    pub(super) bytes: u64,
}

impl<'a> Graph<'a> {
    pub(super) fn new(found: &'a Found) -> Self {
        let mut graph = Self { found, component: Vec::new() };
        graph.component = graph.components();
        graph
    }

    /// The blocks that a block points to, and where in it.
    pub(super) fn edges(&self, node: u32) -> &'a [(u32, usize)] {
        let ends = self.found.first.get(node as usize).zip(self.found.first.get(node as usize + 1));
        ends.and_then(|(&begin, &end)| self.found.edges.get(begin as usize..end as usize)).unwrap_or_default()
    }

    /// Tarjan's algorithm with a stack of its own, as chains may be long.
    fn components(&self) -> Vec<u32> {
        const NEW: u32 = u32::MAX;
        let count = self.found.leaked.len();
        let mut component = vec![NEW; count];
        let mut index = vec![NEW; count];
        let mut low = vec![0_u32; count];
        let (mut next_index, mut next_component) = (0, 0);
        let mut open = Vec::new();
        let mut path: Vec<(u32, usize)> = Vec::new();
        for start in 0..count as u32 {
            if index[start as usize] != NEW {
                continue;
            }
            path.push((start, 0));
            while let Some(&mut (node, ref mut edge)) = path.last_mut() {
                let at = node as usize;
                if *edge == 0 && index[at] == NEW {
                    (index[at], low[at]) = (next_index, next_index);
                    next_index += 1;
                    open.push(node);
                }
                if let Some(&(target, _)) = self.edges(node).get(*edge) {
                    *edge += 1;
                    let to = target as usize;
                    if index[to] == NEW {
                        path.push((target, 0));
                    } else if component[to] == NEW {
                        low[at] = low[at].min(index[to]);
                    }
                    continue;
                }
                path.pop();
                if let Some(&(parent, _)) = path.last() {
                    low[parent as usize] = low[parent as usize].min(low[at]);
                }
                if low[at] == index[at] {
                    while let Some(member) = open.pop() {
                        component[member as usize] = next_component;
                        if member == node {
                            break;
                        }
                    }
                    next_component += 1;
                }
            }
        }
        component
    }

    pub(super) fn same_component(&self, one: u32, other: u32) -> bool {
        self.component[one as usize] == self.component[other as usize]
    }

    /// All leaks, by their lowest addresses.
    pub(super) fn leaks(&self) -> Vec<Leak> {
        let count = self.component.iter().max().map_or(0, |&last| last as usize + 1);
        let mut held = vec![false; count];
        let mut cycle = vec![false; count];
        for node in 0..self.component.len() as u32 {
            for &(target, _) in self.edges(node) {
                let to = self.component[target as usize] as usize;
                if self.same_component(node, target) {
                    cycle[to] = true;
                } else {
                    held[to] = true;
                }
            }
        }
        let mut place = vec![usize::MAX; count];
        let mut leaks: Vec<Leak> = Vec::new();
        for (node, &component) in self.component.iter().enumerate() {
            let component = component as usize;
            if held[component] {
                continue;
            }
            if place[component] == usize::MAX {
                place[component] = leaks.len();
                leaks.push(Leak { roots: Vec::new(), cycle: cycle[component], blocks: 0, bytes: 0 });
            }
            leaks[place[component]].roots.push(node as u32);
        }
        let mut seen = vec![false; self.component.len()];
        let mut path = Vec::new();
        for leak in &mut leaks {
            path.extend_from_slice(&leak.roots);
            while let Some(node) = path.pop() {
                if std::mem::replace(&mut seen[node as usize], true) {
                    continue;
                }
                leak.blocks += 1;
                leak.bytes += self.found.leaked[node as usize].size as u64;
                path.extend(self.edges(node).iter().map(|edge| edge.0).filter(|&target| !seen[target as usize]));
            }
        }
        leaks
    }

    /// The shortest way from a block back to it, as blocks with the offsets of the pointers that lead to them; the last offset
    /// leads back.
    pub(super) fn shortest_cycle(&self, start: u32) -> Vec<(u32, usize)> {
        let mut from = std::collections::HashMap::new();
        let mut queue = std::collections::VecDeque::from([start]);
        while let Some(node) = queue.pop_front() {
            for &(target, offset) in self.edges(node) {
                if target == start {
                    let mut way = vec![(start, offset)];
                    let mut node = node;
                    while node != start {
                        let (before, offset) = from[&node];
                        way.push((node, offset));
                        node = before;
                    }
                    // The offset beside each block shall be that of the pointer to it; the first one's is that back to it.
                    way[1..].reverse();
                    return way;
                }
                if self.same_component(target, start) && !from.contains_key(&target) {
                    from.insert(target, (node, offset));
                    queue.push_back(target);
                }
            }
        }
        vec![(start, 0)]
    }

    /// From a block along the largest one that each holds, until there is none or it was met before: then its place in the way and
    /// the offset of the pointer to it.
    pub(super) fn longest_way(&self, start: u32, most: usize) -> Way {
        let mut way = vec![(start, 0)];
        while way.len() < most {
            let node = way[way.len() - 1].0;
            let size = |edge: &&(u32, usize)| self.found.leaked[edge.0 as usize].size;
            let new = |edge: &&(u32, usize)| way.iter().all(|step| step.0 != edge.0);
            match self.edges(node).iter().filter(new).max_by_key(size) {
                Some(&edge) => way.push(edge),
                None => {
                    let back = self.edges(node).first().and_then(|&(target, offset)| {
                        way.iter().position(|step| step.0 == target).map(|place| (place, offset))
                    });
                    return (way, back);
                }
            }
        }
        (way, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::raw::RawBlock;

    fn found(count: u32, edges: &[(u32, u32)]) -> Found {
        let mut found = Found::default();
        for node in 0..count {
            found.leaked.push(RawBlock { address: 64 * node as usize, size: 10 + node as usize, stack: 1 });
            found.first.push(found.edges.len() as u32);
            let own = edges.iter().filter(|edge| edge.0 == node);
            found.edges.extend(own.enumerate().map(|(place, edge)| (edge.1, 8 * place)));
        }
        found.first.push(found.edges.len() as u32);
        found
    }

    #[test]
    fn roots_and_what_they_retain() {
        // 0 holds 1 and 2, 1 holds 2; 3, 4 and 5 hold each other, and 6; 7 holds itself; 8 holds nothing.
        let found = found(9, &[(0, 1), (0, 2), (1, 2), (3, 4), (4, 5), (5, 3), (5, 6), (7, 7)]);
        let leaks = Graph::new(&found).leaks();
        let leak = |roots: &[u32], cycle, blocks, bytes| Leak { roots: roots.to_vec(), cycle, blocks, bytes };
        let expected = [
            leak(&[0], false, 3, 33),
            leak(&[3, 4, 5], true, 4, 13 + 14 + 15 + 16),
            leak(&[7], true, 1, 17),
            leak(&[8], false, 1, 18),
        ];
        assert_eq!(leaks, expected);
        assert_eq!(leaks.iter().map(|leak| leak.blocks).sum::<u64>(), 9);
    }

    #[test]
    fn what_two_hold_counts_once() {
        let found = found(3, &[(0, 2), (1, 2)]);
        let leaks = Graph::new(&found).leaks();
        assert_eq!(leaks.iter().map(|leak| leak.blocks).collect::<Vec<_>>(), [2, 1]);
    }

    #[test]
    fn a_cycle_that_is_held_is_no_leak_of_its_own() {
        let found = found(3, &[(0, 1), (1, 2), (2, 1)]);
        let graph = Graph::new(&found);
        let leaks = graph.leaks();
        assert_eq!((leaks.len(), leaks[0].cycle, leaks[0].blocks), (1, false, 3));
        let (way, back) = graph.longest_way(0, 10);
        assert_eq!((way, back), (vec![(0, 0), (1, 0), (2, 0)], Some((1, 0))));
        assert_eq!(graph.longest_way(0, 2).1, None);
    }

    #[test]
    fn the_shortest_of_two_cycles() {
        // 0 → 1 → 2 → 3 → 0, and 0 → 1 → 3 by the second pointer of 1.
        let found = found(4, &[(0, 1), (1, 2), (1, 3), (2, 3), (3, 2), (3, 0)]);
        let way = Graph::new(&found).shortest_cycle(0);
        assert_eq!(way, [(0, 8), (1, 0), (3, 8)]);
    }

    #[test]
    fn a_long_chain_needs_no_stack() {
        let edges: Vec<_> = (0..99_999).map(|node| (node, node + 1)).collect();
        let mut found = Found::default();
        for node in 0..100_000_u32 {
            found.leaked.push(RawBlock { address: node as usize, size: 1, stack: 1 });
            found.first.push(node.min(99_999));
        }
        found.first.push(99_999);
        found.edges = edges.iter().map(|edge| (edge.1, 0)).collect();
        let leaks = Graph::new(&found).leaks();
        assert_eq!((leaks.len(), leaks[0].blocks), (1, 100_000));
    }
}
