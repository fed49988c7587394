namespace Fabric.Routing.Fib;

/// <content>Room for what comes: between two changes, never within one.</content>
internal sealed partial class PrefixTrie
{
    private const int MaxRetired = 64;

    // Two blocks of children and three small ones; one block of results and two small ones.
    private const int ElementsPerChange = (2 * BlockPool<TrieElement>.MaxBlock) + 8;
    private const int ResultsPerChange = BlockPool<uint>.MaxBlock + 8;
    private const int WorthShrinking = 4096;

    /// <summary>Makes room for one change.</summary>
    private void Prepare()
    {
        if (_elements.Retired + _results.Retired >= MaxRetired)
        {
            // A full fence: nothing is overwritten before every reader can see that it may be.
            Interlocked.Increment(ref _generation);
            _elements.Recycle();
            _results.Recycle();
            _entries.Recycle();
        }

        bool hasRoom = _elements.HasRoom(ElementsPerChange) && _results.HasRoom(ResultsPerChange);
        bool isHollow = (_elements.End > WorthShrinking && _elements.IsHollow) || (_results.End > WorthShrinking && _results.IsHollow);
        if (hasRoom && !isHollow)
            return;
        if (isHollow || _elements.IsLoose || _results.IsLoose)
        {
            Compact();
            MakeJumps();
        }

        if (!_elements.HasRoom(ElementsPerChange))
            _elements.MoveTo(Longer(_elements.Items, _elements.End, ElementsPerChange), _elements.End);
        if (!_results.HasRoom(ResultsPerChange))
            _results.MoveTo(Longer(_results.Items, _results.End, ResultsPerChange), _results.End);
        Publish();
    }

    private static T[] Longer<T>(T[] items, int end, int more)
    {
        T[] longer = new T[end + Math.Max(more, end / 4)];
        items.AsSpan(0, end).CopyTo(longer);
        return longer;
    }

    /// <summary>Readers that have the former arrays may miss what is written from now on: they search again.</summary>
    private void Publish()
    {
        Volatile.Write(ref _arrays, new TrieArrays(_elements.Items, _results.Items, _jumps));
        Interlocked.Increment(ref _generation);
    }

    /// <summary>Copies the tree into new arrays, without gaps, each block followed by what hangs on it.</summary>
    private void Compact()
    {
        TrieElement[] elements = _elements.Items;
        uint[] results = _results.Items;
        _elements.Clear();
        _results.Clear();
        _elements.MoveTo(new TrieElement[elements.Length], 0);
        _results.MoveTo(new uint[results.Length], 0);
        uint anchors = _elements.Allocate(Anchors);
        for (uint i = anchors; i < Anchors; i++)
            _elements.Items[i] = Copy(elements[i], elements, results);
        _elements.MoveTo(Longer(_elements.Items, _elements.End, ElementsPerChange), _elements.End);
        _results.MoveTo(Longer(_results.Items, _results.End, ResultsPerChange), _results.End);
    }

    private TrieElement Copy(TrieElement element, TrieElement[] elements, uint[] results)
    {
        if (element.IsLeaf)
            return element;
        int children = element.IsNode ? element.Children : 1;
        uint first = children == 0 ? 0 : _elements.Allocate(children);
        for (uint i = 0; i < children; i++)
            _elements.Items[first + i] = Copy(elements[element.Target + i], elements, results);
        if (element.IsNode && element.ResultCount > 0)
        {
            uint place = _results.Allocate(element.ResultCount);
            results.AsSpan((int)element.Results, element.ResultCount).CopyTo(_results.Items.AsSpan((int)place));
            element.SetResults(element.Second, place);
        }

        element.SetTarget(first);
        return element;
    }
}
