using System.Buffers;
using System.CommandLine;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Fabric.Disk;
using Fabric.Topology;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric disk info FILE</c>, with the JSON of <c>qemu-img info</c>.</summary>
internal static class DiskInfoCommand
{
    private const string Json = "json";

    public static Command Create(Terminal terminal)
    {
        Option<string> format = DiskCreateCommand.FormatOption("--format", "-f", "Format of the image (default: recognised; raw never is)");
        Option<bool> json = CommandExtensions.JsonOption();
        Option<string> output = new("--output") { Description = "json: the same as --json", HelpName = "human|json" };
        output.AcceptOnlyFromAmong("human", Json);
        Argument<string> file = new("FILE") { Description = "Image to look at; it may be in use" };
        Command command = new("info", "Show what a disk image says about itself") { format, json, output, file };
        command.SetAction(parsed =>
        {
            DiskImageInfo info = DiskImage.Inspect(parsed.GetRequiredValue(file), DiskCreateCommand.ParseFormat(parsed.GetValue(format)));
            if (parsed.GetValue(json) || parsed.GetValue(output) == Json)
                WriteJson(terminal, info);
            else
                WriteText(terminal, info);
        });
        return command.WithExamples(
            "fabric disk info alice.qcow2",
            "fabric disk info alice.qcow2 --json | jq '.\"virtual-size\"'");
    }

    private static void WriteJson(Terminal terminal, DiskImageInfo info)
    {
        ArrayBufferWriter<byte> bytes = new();
        using (Utf8JsonWriter writer = new(bytes, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            info.WriteJson(writer);
        terminal.Out.WriteLine(Encoding.UTF8.GetString(bytes.WrittenSpan));
    }

    private static void WriteText(Terminal terminal, DiskImageInfo info)
    {
        terminal.Out.WriteLine($"image: {info.FileName}");
        terminal.Out.WriteLine($"file format: {info.FormatName}");
        terminal.Out.WriteLine($"virtual size: {ByteSize.Format(info.VirtualSize)} ({info.VirtualSize} bytes)");
        terminal.Out.WriteLine($"disk size: {ByteSize.Format(info.ActualSize)}");
        if (info.ClusterSize is int cluster)
            terminal.Out.WriteLine($"cluster size: {ByteSize.Format(cluster)}");
        if (info.BackingFileName is not null)
            terminal.Out.WriteLine($"backing file: {info.BackingFileName}" + (info.BackingFileName == info.FullBackingFileName ? "" : $" ({info.FullBackingFileName})"));
        if (info.BackingFormat is not null)
            terminal.Out.WriteLine($"backing format: {info.BackingFormat}");
        if (info.IsCorrupt)
            terminal.Out.WriteLine("marked corrupt: opens for reading only");
    }
}
