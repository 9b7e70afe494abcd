//! Where new metadata goes: nowhere while the node starts, then to the node, in order.

use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use quorum::Applied;

use crate::node::Node;

/// The way of new images to the node.
#[derive(Default)]
pub struct Feed {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    latest: Option<Applied>,
    node: Option<Weak<Node>>,
}

impl Feed {
    /// There is a new image. When it returns, the node is as the image says, if it follows already.
    pub fn tell(&self, applied: &Applied) {
        let mut inner = self.inner.lock();
        inner.latest = Some(applied.clone());
        if let Some(node) = inner.node.as_ref().and_then(Weak::upgrade) {
            follow(&node, applied);
        }
    }

    /// From now on the node follows; it catches up first. Blocks on the disk.
    pub fn follow(&self, node: &Arc<Node>) {
        let mut inner = self.inner.lock();
        if let Some(applied) = &inner.latest {
            follow(node, applied);
        }
        inner.node = Some(Arc::downgrade(node));
    }
}

fn follow(node: &Node, applied: &Applied) {
    let offset = applied.end.0 - 1;
    if offset > node.published().offset {
        node.follow(applied.image.clone(), offset);
    }
}
