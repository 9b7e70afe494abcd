//! Picks those who should give and those who should get, when the subscribers of one topic are evened out.
//!
//! Subscribers are sorted by load. One range grows from the idle end: each of its members gets one partition in turn, then
//! the level of the range rises by one. The other range grows from the loaded end in the same way, downwards.
//! When the levels differ by one at most, nothing more can be gained.

/// The two ranges over the subscribers of one topic (`MemberAssignmentBalancer`).
pub(super) struct Balancer {
    members: Vec<usize>,
    least_end: usize,
    least_level: isize,
    next_least: usize,
    most_start: usize,
    most_end: usize,
    most_level: isize,
    /// One behind the member that gives next.
    next_most: usize,
}

impl Balancer {
    pub(super) fn new(subscribers: &[usize], loads: &[usize]) -> Self {
        let mut members = subscribers.to_vec();
        members.sort_by_key(|member| (load(loads, Some(member)), *member));
        let end = members.len();
        Self {
            least_end: 0,
            least_level: load(loads, members.first()) - 1,
            next_least: 0,
            most_start: end,
            most_end: end,
            most_level: load(loads, members.last()) + 1,
            next_most: end,
            members,
        }
    }

    /// The difference between the most and the least loaded subscriber, at first.
    pub(super) fn imbalance(&self, loads: &[usize]) -> isize {
        load(loads, self.members.last()) - load(loads, self.members.first())
    }

    /// Whether moving one more partition would gain nothing.
    pub(super) fn is_balanced(&self) -> bool {
        self.most_level - self.least_level <= 1
    }

    /// Who should get the next partition; none if nobody subscribes.
    pub(super) fn next_least_loaded(&mut self, loads: &[usize]) -> Option<usize> {
        if self.next_least >= self.least_end {
            self.least_level += 1;
            while self.least_end < self.members.len()
                && load(loads, self.members.get(self.least_end)) == self.least_level
            {
                self.least_end += 1;
            }
            self.next_least = 0;
        }
        let member = self.members.get(self.next_least).copied();
        self.next_least += 1;
        member
    }

    /// Who should give one away; none if nobody is left who can.
    pub(super) fn next_most_loaded(&mut self, loads: &[usize]) -> Option<usize> {
        if self.next_most <= self.most_start {
            let next = self.most_start.checked_sub(1).and_then(|at| self.members.get(at));
            if self.most_end <= self.most_start && next.is_some() {
                // All of the range were excluded: it starts anew at whatever load comes next.
                self.most_level = load(loads, next);
            } else {
                self.most_level -= 1;
            }
            while let Some(at) = self.most_start.checked_sub(1)
                && load(loads, self.members.get(at)) == self.most_level
            {
                self.most_start = at;
            }
            self.next_most = self.most_end;
        }
        self.next_most = self.next_most.checked_sub(1)?;
        self.members.get(self.next_most).copied()
    }

    /// The member that [`Balancer::next_most_loaded`] just named has nothing to give: it leaves the range at its end.
    pub(super) fn exclude_most_loaded(&mut self) {
        let Some(last) = self.most_end.checked_sub(1) else { return };
        if self.next_most < self.members.len() && last < self.members.len() {
            self.members.swap(self.next_most, last);
        }
        self.most_end = last;
    }
}

fn load(loads: &[usize], member: Option<&usize>) -> isize {
    member.and_then(|member| loads.get(*member)).map_or(0, |load| *load as isize)
}
