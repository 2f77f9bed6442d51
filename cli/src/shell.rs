//! `loopguard completions` and `loopguard man`: what a shell and a system know of the command.

use crate::args;
use crate::exit::Exit;
use anyhow::{Result, bail};
use clap::{Args, CommandFactory};
use clap_complete::Shell;
use std::io::{self, Write};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  loopguard completions bash > ~/.local/share/bash-completion/completions/loopguard\n  \
    loopguard completions zsh > ~/.zfunc/_loopguard\n  loopguard completions fish > ~/.config/fish/completions/loopguard.fish"
)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  loopguard man > ~/.local/share/man/man1/loopguard.1\n  loopguard man scan | man -l -\n  loopguard man pattern check | man -l -"
)]
pub(crate) struct ManArgs {
    /// A verb, for a page of its own
    verb: Vec<String>,
}

/// Prints the completions of a shell.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<Exit> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut args::Args::command(), "loopguard", &mut text);
    io::stdout().lock().write_all(&text)?;
    Ok(Exit::Clean)
}

/// Prints the page of the manual.
pub(crate) fn man(args: &ManArgs) -> Result<Exit> {
    let mut command = args::Args::command();
    command.build();
    for verb in &args.verb {
        let Some(found) = command.find_subcommand(verb) else {
            bail!(
                "there is no verb `{verb}`; `{} --help` lists them",
                command.get_bin_name().unwrap_or("loopguard")
            )
        };
        command = found.clone();
    }
    let mut text = Vec::new();
    clap_mangen::Man::new(command).render(&mut text)?;
    io::stdout().lock().write_all(&text)?;
    Ok(Exit::Clean)
}
