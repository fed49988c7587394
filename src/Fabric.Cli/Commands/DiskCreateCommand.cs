using System.CommandLine;
using Fabric.Disk;
using Fabric.Topology;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric disk create</c>, with the options of <c>qemu-img create</c>.</summary>
internal static class DiskCreateCommand
{
    public static Command Create(Terminal terminal)
    {
        Option<string> format = FormatOption("--format", "-f", "Format of the new image");
        format.DefaultValueFactory = _ => DiskImage.NameOf(DiskFormat.Qcow2);
        Option<string?> backing = new("--backing", "-b") { Description = "Base image that the new one is a thin overlay of; relative to the new image's folder", HelpName = "BASE" };
        Option<string> backingFormat = FormatOption("--backing-format", "-F", "Format of the base");
        Argument<string> file = new("FILE") { Description = "Image to create" };
        Argument<string?> size = new("SIZE") { Description = "Size that a guest sees, such as 8GiB (default: that of the base)", Arity = ArgumentArity.ZeroOrOne };
        Command command = new("create", "Create a disk image, empty or as a thin overlay of a base") { format, backing, backingFormat, file, size };
        command.Validators.Add(result =>
        {
            if (result.GetValue(size) is { } text && !ByteSize.TryParse(text, out _))
                result.AddError($"'{text}' is no size; write it as 512MiB or 8GiB");
            else if (result.GetValue(size) is null && result.GetValue(backing) is null && result.GetResult(file) is { Tokens.Count: > 0 })
                result.AddError("a size is missing, such as 8GiB, or a base with -b");
            else if (result.GetValue(backing) is not null && result.GetValue(backingFormat) is null)
                result.AddError("the base's format is missing; name it with -F, because guessing it from its content is unsafe");
        });
        command.SetAction(parsed =>
        {
            long? bytes = parsed.GetValue(size) is { } text && ByteSize.TryParse(text, out long value) ? value : null;
            string path = parsed.GetRequiredValue(file);
            DiskImage.Create(path, new DiskCreateOptions
            {
                Format = ParseFormat(parsed.GetValue(format))!.Value,
                Size = bytes,
                BackingPath = parsed.GetValue(backing),
                BackingFormat = ParseFormat(parsed.GetValue(backingFormat)),
            });
            DiskImageInfo info = DiskImage.Inspect(path, ParseFormat(parsed.GetValue(format)));
            terminal.Out.WriteLine($"{path}: {info.FormatName}, {ByteSize.Format(info.VirtualSize)}" + (info.BackingFileName is null ? "" : $" over {info.BackingFileName}"));
        });
        return command.WithExamples(
            "fabric disk create -f qcow2 data.qcow2 8GiB",
            "fabric disk create -f qcow2 -b base.img -F raw alice.qcow2    # thin: holds only what differs from the base");
    }

    internal static Option<string> FormatOption(string name, string alias, string description)
    {
        Option<string> option = new(name, alias) { Description = description, HelpName = "qcow2|raw" };
        option.AcceptOnlyFromAmong(DiskImage.NameOf(DiskFormat.Qcow2), DiskImage.NameOf(DiskFormat.Raw));
        return option;
    }

    internal static DiskFormat? ParseFormat(string? name) => DiskImage.TryParseFormat(name, out DiskFormat format) ? format : null;
}
