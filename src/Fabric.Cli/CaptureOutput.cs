using System.Text;
using Fabric.Link.Capture;

namespace Fabric.Cli;

/// <summary>Where a capture goes: a file, standard output, or a line per frame.</summary>
internal sealed class CaptureOutput : IAsyncDisposable
{
    private readonly Stream? _file;
    private readonly TextWriter? _lines;
    private readonly CaptureView _view;

    private readonly bool _isPipe;

    private CaptureOutput(Stream? file, TextWriter? lines, CaptureView view, bool isPipe)
    {
        _isPipe = isPipe;
        _file = file;
        _lines = lines;
        _view = view;
    }

    /// <summary>True once something could not be written because nobody reads it any more.</summary>
    public bool HasFailed { get; private set; }

    /// <param name="terminal">Where lines go.</param>
    /// <param name="view">How they look.</param>
    /// <param name="path">A file, <c>-</c> for standard output, or null for lines.</param>
    public static CaptureOutput Open(Terminal terminal, CaptureView view, string? path)
    {
        if (path == "-" && terminal.IsInteractive)
            throw new CliException("a capture file is no text; send it somewhere: … -w - | wireshark -k -i -");
        return path switch
        {
            null => new CaptureOutput(null, new StreamWriter(terminal.OpenPipe(), new UTF8Encoding(false)) { AutoFlush = true }, view, isPipe: true),
            "-" => new CaptureOutput(terminal.OpenPipe(), null, view, isPipe: true),
            _ => new CaptureOutput(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read), null, view, isPipe: false),
        };
    }

    /// <summary>Takes a block of the file.</summary>
    /// <param name="block">The block.</param>
    /// <param name="isFrame">It holds a frame.</param>
    /// <param name="frame">The frame.</param>
    public void Write(ReadOnlySpan<byte> block, bool isFrame, in CapturedFrame frame)
    {
        try
        {
            if (_file is not null)
            {
                _file.Write(block);
                // Who looks at the file while it grows sees every frame.
                _file.Flush();
            }
            else if (isFrame)
            {
                _lines!.WriteLine(_view.Describe(in frame));
            }
        }
        catch (IOException) when (_isPipe)
        {
            HasFailed = true;
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_file is not null)
            await _file.DisposeAsync();
    }
}
