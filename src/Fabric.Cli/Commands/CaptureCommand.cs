using System.CommandLine;
using Fabric.Daemon.Control;
using Fabric.Link;
using Fabric.Link.Capture;
using Fabric.Link.Capture.Filtering;

namespace Fabric.Cli.Commands;

/// <summary><c>fabric capture PORT|SWITCH|ROUTER</c>: what passes, into a file, into Wireshark, or as a line a frame.</summary>
internal static class CaptureCommand
{
    /// <summary>Bytes of a frame that its line may tell of.</summary>
    private const int BytesForALine = 512;

    public static Command Create(Terminal terminal)
    {
        Argument<string?> name = new("PORT|SWITCH|ROUTER") { Description = "Port such as alice.0, r1.lan or an overlay, or switch or router: all its ports", Arity = ArgumentArity.ZeroOrOne };
        Option<string?> topology = CommandExtensions.TopologyOption();
        Option<string?> write = new("--write", "-w") { Description = "Write a pcapng file; - for standard output", HelpName = "FILE" };
        Option<string?> read = new("--read", "-r") { Description = "Read a pcapng file instead of a running topology", HelpName = "FILE" };
        Option<string?> filter = new("--filter", "-f") { Description = "Only frames that this expression chooses, in tcpdump's language", HelpName = "EXPR" };
        Option<long> count = new("--count", "-c") { Description = "End after so many frames", HelpName = "COUNT" };
        Option<int?> snapLength = new("--snaplen", "-s") { Description = "Keep so many bytes of each frame (default: all, or as many as a line needs)", HelpName = "BYTES" };
        Option<bool> segment = new("--segment") { Description = "Cut super-frames (segmentation offload) into packets that fit a wire" };
        Option<bool> drops = new("--drops") { Description = "Only frames that are dropped" };
        Option<bool> outside = new("--outside") { Description = "Of an overlay, or of a cable to another site by the name of its port here: the tunnel's packets instead of the frames in them" };
        Option<bool> addresses = new("--ethernet", "-e") { Description = "Print Ethernet addresses in every line" };
        Option<bool> json = new("--json") { Description = "Print a JSON object per frame" };
        Command command = new("capture", "See frames pass a port, a switch or a router, with directions and why they are dropped")
        {
            name, topology, write, read, filter, count, snapLength, segment, drops, outside, addresses, json,
        };
        command.SetAction((parsed, cancel) =>
        {
            CaptureRequest request = new(parsed.GetValue(name) ?? "")
            {
                Filter = Check(terminal, parsed.GetValue(filter)),
                Count = parsed.GetValue(count) is >= 0 and long frames ? frames : throw new CliException("--count is a number of frames, 0 for no end"),
                SnapLength = SnapLength(parsed.GetValue(snapLength), parsed.GetValue(write)),
                Segment = parsed.GetValue(segment),
                DropsOnly = parsed.GetValue(drops),
                Outside = parsed.GetValue(outside),
            };
            CaptureView view = new(terminal, parsed.GetValue(addresses), parsed.GetValue(json));
            return parsed.GetValue(read) is { } file
                ? ReadFileAsync(terminal, view, file, request, parsed.GetValue(write), cancel)
                : RunAsync(terminal, view, parsed.GetValue(topology), request, parsed.GetValue(write), cancel);
        });
        return command.WithExamples(
            "fabric capture lan                                       # every port of switch lan, a line per frame, until Ctrl-C",
            "fabric capture alice.0 -f 'tcp port 80 and host 10.0.0.2'",
            "fabric capture lan -w lan.pcapng -c 1000",
            "fabric capture alice.0 -w - | wireshark -k -i -",
            "fabric capture lan --drops                               # only what is dropped, and why",
            "fabric capture r1 --drops                                # packets that router r1 sends no further: no route, TTL used up, no answer to ARP …",
            "fabric capture blue                                      # overlay blue: frames as they go into its tunnels and come out",
            "fabric capture blue --outside -w outer.pcapng            # its packets on the network between, with VXLAN, and why some are refused",
            "fabric capture r1.r2 --outside                           # the same of a cable between sites: the packets of its tunnel, and the ends' half-second words",
            "fabric capture -r lan.pcapng -f arp                      # look at a file");
    }

    private static string? Check(Terminal terminal, string? filter)
    {
        if (filter is null || FrameFilter.TryParse(filter, out _, out FilterError? error))
            return filter;
        // A person sees the expression once more, with a mark under what is wrong.
        string marked = $"{Environment.NewLine}  {filter}{Environment.NewLine}  {new string(' ', error.Position)}{new string('^', error.Length)}";
        throw new CliException(error.Describe(filter) + (terminal.IsInteractive ? marked : ""));
    }

    private static int SnapLength(int? wanted, string? write)
    {
        if (wanted is < CaptureOptions.MinSnapLength or > Frame.MaxLength)
            throw new CliException($"--snaplen is a number of {CaptureOptions.MinSnapLength} to {Frame.MaxLength}");
        return wanted ?? (write is null ? BytesForALine : Frame.MaxLength);
    }

    private static async Task<int> RunAsync(Terminal terminal, CaptureView view, string? topology, CaptureRequest request, string? write, CancellationToken cancel)
    {
        if (request.Name.Length == 0)
            throw new CliException("name a port or a switch, such as: fabric capture lan; fabric status lists them");
        using ControlClient client = await Target.FindPortAsync(topology, request.Name, cancel);
        using CaptureStream capture = await client.CaptureAsync(request, cancel);
        using CancellationTokenSource hardEnd = new();
        // Ctrl-C asks for an orderly end, so that the file tells how many frames there were; it is not waited for long.
        using CancellationTokenRegistration end = cancel.Register(() =>
        {
            hardEnd.CancelAfter(TimeSpan.FromSeconds(2));
            _ = StopAsync(client, capture, hardEnd.Token);
        });
        PcapngReader reader = new(capture.Content);
        await using CaptureOutput output = CaptureOutput.Open(terminal, view, write);
        return await CopyAsync(terminal, reader, output, 0, null, hardEnd.Token);
    }

    private static async Task<int> ReadFileAsync(Terminal terminal, CaptureView view, string file, CaptureRequest request, string? write, CancellationToken cancel)
    {
        if (request.Name.Length > 0)
            throw new CliException($"with --read there is no port to look at; leave out '{request.Name}'");
        await using FileStream input = new(file, FileMode.Open, FileAccess.Read);
        await using CaptureOutput output = CaptureOutput.Open(terminal, view, write);
        FrameFilter? filter = request.Filter is null ? null : FrameFilter.Parse(request.Filter);
        return await CopyAsync(terminal, new PcapngReader(input), output, request.Count, frame => Chooses(filter, request.DropsOnly, in frame), cancel);
    }

    private delegate bool Choice(CapturedFrame frame);

    private static bool Chooses(FrameFilter? filter, bool dropsOnly, in CapturedFrame frame) =>
        (filter is null || filter.Matches(frame.Bytes, frame.Length, frame.Direction ?? FrameDirection.Received))
        && (!dropsOnly || frame.Comment?.StartsWith("dropped: ", StringComparison.Ordinal) == true);

    private static async Task<int> CopyAsync(Terminal terminal, PcapngReader reader, CaptureOutput output, long count, Choice? choice, CancellationToken cancel)
    {
        long frames = 0;
        try
        {
            while ((count == 0 || frames < count) && await reader.ReadAsync(cancel))
            {
                if (Take(reader, output, choice))
                    frames++;
            }
        }
        catch (Exception e) when (e is OperationCanceledException || output.HasFailed)
        {
            // The daemon took too long over an orderly end, or who read the output has left: what is written is a whole file.
        }

        catch (HttpIOException)
        {
            throw new CliException($"the daemon ended while frames were captured; the {frames} that came are whole");
        }

        string lost = reader.Lost > 0 ? $", {reader.Lost} lost because they came too fast" : "";
        await terminal.Error.WriteLineAsync($"{frames} {(frames == 1 ? "frame" : "frames")}{lost}");
        return 0;
    }

    private static bool Take(PcapngReader reader, CaptureOutput output, Choice? choice)
    {
        bool isFrame = reader.TryGetFrame(out CapturedFrame frame);
        if (isFrame && choice?.Invoke(frame) == false)
            return false;
        output.Write(reader.Block.Span, isFrame, in frame);
        return isFrame;
    }

    private static async Task StopAsync(ControlClient client, CaptureStream capture, CancellationToken cancel)
    {
        try
        {
            await client.StopCaptureAsync(capture, cancel);
        }
        catch (Exception e) when (e is Fabric.Daemon.DaemonException or OperationCanceledException)
        {
            // It has ended by itself, or its daemon has: the stream ends too.
        }
    }
}
