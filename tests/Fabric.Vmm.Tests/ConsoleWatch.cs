using System.Text;

namespace Fabric.Vmm.Tests;

/// <summary>Reads a console until a text appears, as an operator would.</summary>
internal sealed class ConsoleWatch(SerialConsole console)
{
    private readonly ConsoleReader _reader = console.Attach();
    private readonly StringBuilder _seen = new();
    private int _from;

    /// <summary>Everything read so far.</summary>
    internal string Seen => _seen.ToString();

    /// <summary>Waits until a text appears after the one that was waited for last.</summary>
    internal async Task ExpectAsync(string text, TimeSpan patience)
    {
        using var cancel = new CancellationTokenSource(patience);
        byte[] buffer = new byte[4096];
        while (true)
        {
            int at = Seen.IndexOf(text, _from, StringComparison.Ordinal);
            if (at >= 0)
            {
                _from = at + text.Length;
                return;
            }

            try
            {
                int count = await _reader.ReadAsync(buffer, cancel.Token);
                Assert.True(count > 0, $"the console ended without '{text}':\n{Seen}");
                _seen.Append(Encoding.UTF8.GetString(buffer, 0, count));
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"no '{text}' within {patience}:\n{Seen}");
            }
        }
    }
}
