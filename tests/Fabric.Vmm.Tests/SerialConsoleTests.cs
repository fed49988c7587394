using System.Text;

namespace Fabric.Vmm.Tests;

public class SerialConsoleTests
{
    private readonly SerialConsole _console = new();

    [Fact]
    public async Task Each_reader_gets_everything_from_where_it_attached()
    {
        _console.Print("one "u8);
        ConsoleReader all = _console.Attach();
        ConsoleReader later = _console.Attach(scrollback: false);
        ValueTask<int> waiting = later.ReadAsync(new byte[10]);
        Assert.False(waiting.IsCompleted);
        _console.Print("two"u8);

        Assert.Equal(3, await waiting);
        Assert.Equal("one two", await ReadAsync(all, 100));
    }

    [Fact]
    public async Task A_reader_that_falls_behind_gets_the_newest_bytes_and_knows_how_many_it_lost()
    {
        ConsoleReader reader = _console.Attach();
        byte[] block = new byte[1000];
        for (int i = 0; i < 100; i++)
        {
            Array.Fill(block, (byte)i);
            _console.Print(block);
        }

        byte[] got = new byte[SerialConsole.ScrollbackBytes + 1];
        Assert.Equal(SerialConsole.ScrollbackBytes, await reader.ReadAsync(got));
        Assert.Equal(100_000 - SerialConsole.ScrollbackBytes, reader.LostBytes);
        Assert.Equal((34, 99), (got[0], got[SerialConsole.ScrollbackBytes - 1]));
        Assert.Equal(got[..SerialConsole.ScrollbackBytes], _console.Snapshot());
    }

    [Fact]
    public async Task Input_waits_for_the_guest_and_keeps_its_order()
    {
        byte[] text = new byte[SerialConsole.InputBytes + 500];
        new Random(TestKit.TestSeed.Seed).NextBytes(text);
        Task writing = _console.WriteAsync(text);
        Assert.False(writing.IsCompleted);
        Assert.Equal(0, _console.Write("x"u8));

        var got = new List<byte>();
        byte[] piece = new byte[16];
        while (got.Count < text.Length)
        {
            int count = _console.TakeInput(piece);
            got.AddRange(piece[..count]);
            if (count == 0)
                await Task.Yield();
        }

        await writing;
        Assert.Equal(text, got);
    }

    [Fact]
    public async Task Waiting_can_be_given_up_without_losing_output()
    {
        ConsoleReader reader = _console.Attach();
        using var cancel = new CancellationTokenSource();
        ValueTask<int> waiting = reader.ReadAsync(new byte[10], cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await waiting);
        _console.Print("still here"u8);
        Assert.Equal("still here", await ReadAsync(reader, 100));
    }

    [Fact]
    public async Task Readers_see_the_end_after_the_last_byte()
    {
        ConsoleReader reader = _console.Attach();
        _console.Print("bye"u8);
        _console.Complete();
        Assert.Equal("bye", await ReadAsync(reader, 100));
        Assert.Equal("", await ReadAsync(reader, 100));
    }

    private static async Task<string> ReadAsync(ConsoleReader reader, int length)
    {
        byte[] bytes = new byte[length];
        return Encoding.ASCII.GetString(bytes, 0, await reader.ReadAsync(bytes));
    }
}
