//! Stub.
#![allow(missing_docs, clippy::all, clippy::pedantic)]
use crate::address::Envelope;
#[derive(Debug)]
pub struct Message;
#[derive(Debug)]
pub struct Octets;
#[derive(Debug)]
pub enum Block {
    More,
    Last,
}
impl Message {
    pub fn envelope(&self) -> &Envelope {
        todo!()
    }
    pub fn message_id(&self) -> &String {
        todo!()
    }
    pub fn exact_size(&self) -> u64 {
        todo!()
    }
    pub fn needs_smtputf8(&self) -> bool {
        todo!()
    }
    pub fn into_octets(self) -> Octets {
        todo!()
    }
}
impl Octets {
    pub async fn next_block(&mut self, _b: &mut Vec<u8>) -> Result<Block, std::io::Error> {
        todo!()
    }
}
