//! A protoc plugin that writes the Rust code of the contract, with tonic-prost-build. What it writes is committed, so that
//! users of the crate need neither this nor protoc.

use std::{
    error::Error,
    fs,
    io::{self, Read, Write},
};

use prost::Message;
use prost_types::{
    FileDescriptorSet,
    compiler::{
        CodeGeneratorRequest, CodeGeneratorResponse,
        code_generator_response::{Feature, File},
    },
};

const NAME: &str = "croco.execution.v1.rs";

fn main() -> Result<(), Box<dyn Error>> {
    let mut request = Vec::new();
    io::stdin().read_to_end(&mut request)?;
    let file = CodeGeneratorRequest::decode(request.as_slice())?.proto_file;
    let folder = tempfile::tempdir()?;
    tonic_prost_build::configure()
        .out_dir(folder.path())
        // The order of what the code prints and sends is then the same everywhere.
        .btree_map(".")
        .build_transport(false)
        // For the scripted server of the tests.
        .server_mod_attribute(".", "#[cfg(test)]")
        .compile_fds(FileDescriptorSet { file })?;
    let content = fs::read_to_string(folder.path().join(NAME))?;
    let written = File { name: Some(NAME.to_owned()), content: Some(content), ..File::default() };
    let response = CodeGeneratorResponse {
        file: vec![written],
        supported_features: Some(Feature::Proto3Optional as u64),
        error: None,
    };
    io::stdout().write_all(&response.encode_to_vec())?;
    Ok(())
}
